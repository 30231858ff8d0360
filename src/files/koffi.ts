/**
 * koffi, which calls native code, with stacks large enough for XLA. koffi has stacks of its own: 2 MiB in sync and
 * 128 KiB in async calls. MLIR and LLVM recurse deeper, which is a segmentation fault at a random place; 16 MiB is the
 * most koffi allows. The size can only be set before koffi loads anything, so everybody takes koffi from here.
 */
import koffi from 'koffi'

/** Bytes of stack that XLA needs. */
export const stackBytes = 16 << 20

try {
  koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes })
} catch {
  // Somebody else's library was first: the engine's `checkStacks` says so, unless they chose the same sizes.
}

export { koffi }
