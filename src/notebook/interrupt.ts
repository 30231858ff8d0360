import { kernel } from './kernel.js'

/**
 * A signal that aborts when the running cell is interrupted, for work that ends in good order: `train({ signal:
 * interruptSignal(), ... })` finishes its step and saves. In a script, Ctrl-C is the interrupt.
 */
export function interruptSignal(): AbortSignal {
  const own = kernel()
  if (own) return own.interruptSignal()
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort(new DOMException('interrupted', 'AbortError')))
  return controller.signal
}
