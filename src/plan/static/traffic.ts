import { forEachOperation, type PlacedProgram, type PlacedOperation } from './placed-program.js'
import { isFused } from './memory.js'

/** Peak speeds of a device. */
export interface Speeds {
  /** Operations per second. */
  readonly flops: number
  /** Memory bandwidth, bytes per second. */
  readonly memory: number
}

/**
 * Lower bound of a device's seconds in one run: for each operation the longer of its arithmetic and of moving its operands
 * and results. Source: Williams et al. 2009, "Roofline".
 */
export function computeSeconds(
  program: PlacedProgram,
  deviceFlops: (step: PlacedOperation) => number,
  speeds: Speeds,
): number {
  let seconds = 0
  forEachOperation(program, (step, times) => {
    if (step.body || isFused(step)) return
    const bytes = [...step.inputs, ...step.outputs].reduce((sum, x) => sum + x.bytes, 0)
    seconds += times * Math.max(deviceFlops(step) / speeds.flops, bytes / speeds.memory)
  })
  return seconds
}
