import { availableParallelism, freemem, totalmem } from 'node:os'
import type { Engine } from '../engine/index.js'
import { bytes } from '../text/format.js'
import { table } from './table.js'
import type { Displayable } from './show.js'

/** A table of the engine, its devices, memory, cores and versions. */
export function environment(engine: Engine): Displayable {
  const rows = [
    ['engine', engine.description],
    ['devices', `${engine.deviceCount} x ${engine.platform}`],
    ['memory', `${bytes(freemem())} free of ${bytes(totalmem())}`],
    ['cores', String(availableParallelism())],
    ['node', `${process.version} on ${process.platform} ${process.arch}`],
  ]
  return table(rows.map(([what, value]) => ({ what, value })))
}
