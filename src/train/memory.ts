import { machine } from '../runtime/index.js'
import { EngineError, type Engine } from '../engine/index.js'
import { bytesOf, isSpec, leavesOf, sizeOf } from '../tensor/index.js'

/** Bytes of a tree of specs on the device. */
export function bytesOfSpecs(specs: unknown): number {
  return leavesOf(specs, isSpec).reduce((sum, { dims, dtype }) => sum + bytesOf(dtype) * sizeOf(dims), 0)
}

/**
 * Rejects what cannot fit in a CPU's memory before it is allocated: an operating system that overcommits memory kills the
 * process instead of failing the allocation. Throws EngineError.
 */
export function checkFits(engine: Engine, what: string, bytes: number, available = machine().memory ?? Infinity): void {
  if (engine.platform !== 'cpu' || bytes < available) return
  const show = (amount: number) => (amount / 2 ** 30).toLocaleString('en-US', { maximumFractionDigits: 1 })
  throw new EngineError(
    `out of memory: ${what} takes ${show(bytes)} GiB, this machine has ${show(available)}. ` +
      'Use a smaller model (n_embd, n_layer, n_vocab), or another --device',
  )
}
