import { eachStep, type Block, type Step } from './blocks.js'
import { isMerged } from './memory.js'

/** Where a device's time goes: arithmetic or memory, whichever takes an operation longer. */
export interface Speeds {
  /** Operations a second. */
  readonly flops: number
  /** Bytes a second. */
  readonly memory: number
}

/**
 * Seconds that a device computes in one run at the least: of each operation the longer of its arithmetic and of moving its
 * operands and results. Source: Williams et al. 2009, "Roofline".
 */
export function computeSeconds(block: Block, deviceFlops: (step: Step) => number, speeds: Speeds): number {
  let seconds = 0
  eachStep(block, (step, times) => {
    if (step.body || isMerged(step)) return
    const bytes = [...step.inputs, ...step.outputs].reduce((sum, x) => sum + x.bytes, 0)
    seconds += times * Math.max(deviceFlops(step) / speeds.flops, bytes / speeds.memory)
  })
  return seconds
}
