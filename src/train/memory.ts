import { totalmem } from 'node:os'
import { EngineError, type Engine } from '../engine/index.js'
import { bytesOf, isSpec, leavesOf, sizeOf } from '../tensor/index.js'

/** Bytes of a tree of specs on the device. */
export function bytesOfSpecs(specs: unknown): number {
  return leavesOf(specs, isSpec).reduce((sum, { dims, dtype }) => sum + bytesOf(dtype) * sizeOf(dims), 0)
}

/**
 * Refuses what cannot fit the memory of a CPU at all, before it is tried: an operating system that promises more memory
 * than it has does not fail, it kills. Throws EngineError.
 */
export function checkFits(engine: Engine, what: string, bytes: number, available = totalmem()): void {
  if (engine.platform !== 'cpu' || bytes < available) return
  const show = (amount: number) => (amount / 2 ** 30).toLocaleString('en-US', { maximumFractionDigits: 1 })
  throw new EngineError(
    `${what} takes ${show(bytes)} GiB, this machine has ${show(available)}: out of memory. ` +
      'Use a smaller model (n_embd, n_layer, n_vocab), or another --device',
  )
}
