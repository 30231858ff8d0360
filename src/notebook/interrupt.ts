import { runtime } from '../runtime/index.js'
import { kernel } from './kernel.js'

/**
 * A signal that aborts when the running cell is interrupted, for work that stops cleanly: `train({ signal:
 * interruptSignal(), ... })` finishes its step and saves. In a script, Ctrl-C is the interrupt.
 */
export function interruptSignal(): AbortSignal {
  const notebook = kernel()
  if (notebook) return notebook.interruptSignal()
  const controller = new AbortController()
  runtime.onInterrupt(() => controller.abort(new DOMException('interrupted', 'AbortError')))
  return controller.signal
}
