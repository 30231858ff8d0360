import { machine, runtime } from '../runtime/index.js'
import type { Engine } from '../engine/index.js'
import { bytes } from '../text/format.js'
import { table } from './table.js'
import type { Displayable } from './show.js'

/** A table of the engine, its devices, memory, cores and versions. */
export function environment(engine: Engine): Displayable {
  const { memory, freeMemory, cores, runtime: version } = machine()
  const rows = [
    ['engine', engine.description],
    ['devices', `${engine.deviceCount} x ${engine.platform}`],
    ['memory', memoryText(memory, freeMemory)],
    ['cores', String(cores)],
    [runtime.kind, version],
  ]
  return table(rows.map(([what, value]) => ({ what, value })))
}

function memoryText(memory: number | null, free: number | null): string {
  if (memory === null) return 'unknown'
  return free === null ? bytes(memory) : `${bytes(free)} free of ${bytes(memory)}`
}
