/**
 * koffi, the foreign function interface, configured with stacks large enough for XLA. By default koffi calls native code
 * on a stack of 2 MiB (sync) or 128 KiB (async); MLIR and LLVM recurse deeper, which causes segmentation faults at random
 * addresses. 16 MiB is koffi's maximum. The size must be set before koffi loads a library, so import koffi from here.
 */
import koffi from 'koffi'

/** Bytes of stack that XLA needs. */
export const stackBytes = 16 << 20

try {
  koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes })
} catch {
  // Another package loaded a library first; the engine's `checkStacks` reports it, unless the sizes are the same.
}

export { koffi }
