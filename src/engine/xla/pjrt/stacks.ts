/** XLA recurses deep: checked when a plugin is loaded, for a library of somebody else may have fixed koffi's stacks. */
import { koffi, stackBytes } from '../../../files/koffi.js'
import { PjrtError } from './error.js'

export function checkStacks(): void {
  const { sync_stack_size: sync = 0, async_stack_size: async = 0 } = koffi.config()
  if (Math.min(sync, async) >= stackBytes) return
  throw new PjrtError(
    'GetPjrtApi',
    'FAILED_PRECONDITION',
    `koffi's stacks are ${sync} and ${async} bytes, XLA needs ${stackBytes}, ` +
      'and a library loaded with koffi has fixed them. Import neomesh before anything else that uses koffi.',
  )
}
