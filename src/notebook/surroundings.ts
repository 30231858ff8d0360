import { availableParallelism, freemem, totalmem } from 'node:os'
import type { Engine } from '../engine/index.js'
import { bytes } from '../text/format.js'
import { table } from './table.js'
import type { Displayable } from './show.js'

/** What runs where: the engine and its devices, memory, cores, versions. */
export function surroundings(engine: Engine): Displayable {
  const rows = [
    ['engine', engine.description],
    ['devices', `${engine.deviceCount} x ${engine.platform}`],
    ['memory', `${bytes(freemem())} free of ${bytes(totalmem())}`],
    ['cores', String(availableParallelism())],
    ['node', `${process.version} on ${process.platform} ${process.arch}`],
  ]
  return table(rows.map(([what, value]) => ({ what, value })))
}
