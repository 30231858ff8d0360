import { DISPLAY, type Displayable } from './display.js'
import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
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
  for (const value of values) liveDisplay().update(bundleOf(value) ?? { 'text/plain': inspect(value) }, true)
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
  const id = randomUUID()
  let shown = false
  return {
    update(bundle, last = false) {
      const notebook = kernel()
      if (notebook) notebook.display(bundle, id, shown)
      else if (last) process.stdout.write(`${bundle['text/plain']}\n`)
      shown = true
    },
  }
}

/** Limits calls of `work` to one per `interval` ms, delaying those in between; `flush` runs a delayed call at once. */
export function throttled(interval: number, work: () => void): { (): void; flush(): void } {
  let last = -Infinity
  let waiting = false
  let timer: NodeJS.Timeout | undefined
  const run = () => {
    clearTimeout(timer)
    timer = undefined
    waiting = false
    last = performance.now()
    work()
  }
  const ask = () => {
    waiting = true
    const left = last + interval - performance.now()
    if (left <= 0) run()
    else timer ??= setTimeout(run, left).unref()
  }
  return Object.assign(ask, { flush: () => waiting && run() })
}
