/**
 * koffi runs native code on stacks of its own: 2 MiB in sync and 128 KiB in async calls. MLIR and LLVM recurse
 * deeper, which is a segmentation fault at a random place; 16 MiB is the most koffi allows. The size can only be set
 * before koffi loads anything, so it is set when this file is imported, and checked when a plugin is loaded.
 */
import koffi from 'koffi'
import { PjrtError } from './error.js'

const STACK_BYTES = 16 << 20

try {
  koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES })
} catch {
  // Somebody else's library was first: `checkStacks` says so, unless they chose the same sizes.
}

export function checkStacks(): void {
  const { sync_stack_size: sync = 0, async_stack_size: async = 0 } = koffi.config()
  if (Math.min(sync, async) >= STACK_BYTES) return
  throw new PjrtError(
    'GetPjrtApi',
    'FAILED_PRECONDITION',
    `koffi's stacks are ${sync} and ${async} bytes, XLA needs ${STACK_BYTES}, ` +
      'and a library loaded with koffi has fixed them. Import neomesh before anything else that uses koffi.',
  )
}
