import type { Executions } from './executions.js'

/**
 * Cycles of one run on one device as XLA's TPU backend estimates them for each of its kernels, loops counted as often as
 * they turn; null if it estimates none. Waiting for other devices is not in them.
 */
export function cyclesOf({ times, fused }: Executions): number | null {
  let cycles = 0
  for (const [computation, count] of times) {
    if (fused.has(computation)) continue // their cycles are those of the fusion
    for (const { backendConfig } of computation.instructions) {
      const found = /"estimated_cycles":"(\d+)"/.exec(backendConfig)
      if (found) cycles += count * Number(found[1])
    }
  }
  return cycles > 0 ? cycles : null
}
