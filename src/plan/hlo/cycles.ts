import type { Executions } from './executions.js'
import { flopsOf } from './flops.js'
import type { HloModule, Instruction } from './module.js'

/** XLA's estimate of its kernels in one run on one device, with loop bodies counted once per iteration. */
export interface Cycles {
  readonly cycles: number
  /** Floating-point operations of kernels without a plausible estimate. */
  readonly flopsBeside: number
}

/** Cycles of one kernel from which on an estimate is not plausible: it would take a week. */
const ABSURD = 1e15

/**
 * Cycle estimates that XLA's TPU backend attaches to its kernels; null if there are none. They exclude waiting for other
 * devices.
 */
export function cyclesOf({ computations }: HloModule, { times, fused }: Executions): Cycles | null {
  let cycles = 0
  let flopsBeside = 0
  for (const [computation, count] of times) {
    if (fused.has(computation)) continue // their cycles are those of the fusion
    for (const instruction of computation.instructions) {
      const noted = notedCycles(instruction)
      if (noted !== null) cycles += count * noted
      else if (instruction.opcode === 'fusion')
        for (const id of instruction.called) flopsBeside += count * flopsOf(computations.get(id)!)
    }
  }
  return cycles > 0 ? { cycles, flopsBeside } : null
}

function notedCycles({ backendConfig }: Instruction): number | null {
  const found = /"estimated_cycles":"(\d+)"/.exec(backendConfig)
  return found && Number(found[1]) < ABSURD ? Number(found[1]) : null
}
