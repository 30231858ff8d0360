import { DISPLAY, type Displayable } from './display.js'
import { later, randomHex, runtime } from '../runtime/index.js'
import { kernel, type MimeBundle } from './kernel.js'
import { isFrame, table } from './table.js'

export { DISPLAY, type Displayable }

/** The bundle of a Displayable or of a danfojs frame; null for other values. */
export function bundleOf(value: unknown): MimeBundle | null {
  const display = (value as Partial<Displayable> | null)?.[DISPLAY]
  if (typeof display === 'function') return display.call(value as Displayable)
  return isFrame(value) ? table(value)[DISPLAY]() : null
}

/** Shows values below the running cell, one after the other; in a script, as text. */
export function show(...values: readonly unknown[]): void {
  for (const value of values) liveDisplay().update(bundleOf(value) ?? { 'text/plain': runtime.inspect(value) }, true)
}

/** Shows HTML. */
export function html(text: string, plain = text.replace(/<[^>]*>/g, '')): Displayable {
  return { [DISPLAY]: () => ({ 'text/html': text, 'text/plain': plain }) }
}

/** An output that is updated in place. */
export interface LiveDisplay {
  /** `last`: no update follows. */
  update(bundle: MimeBundle, last?: boolean): void
}

/** An output below the running cell. In a script the last state is printed as text. */
export function liveDisplay(): LiveDisplay {
  const id = randomHex(16)
  let shown = false
  return {
    update(bundle, last = false) {
      const notebook = kernel()
      if (notebook) notebook.display(bundle, id, shown)
      else if (last) console.log(bundle['text/plain'])
      shown = true
    },
  }
}

/** Limits calls of `work` to one per `interval` ms, delaying those in between; `flush` runs a delayed call at once. */
export function throttled(interval: number, work: () => void): { (): void; flush(): void } {
  let last = -Infinity
  let waiting = false
  let cancel: (() => void) | undefined
  const run = () => {
    cancel?.()
    cancel = undefined
    waiting = false
    last = performance.now()
    work()
  }
  const ask = () => {
    waiting = true
    const left = last + interval - performance.now()
    if (left <= 0) run()
    else cancel ??= later(left, run)
  }
  return Object.assign(ask, { flush: () => waiting && run() })
}
