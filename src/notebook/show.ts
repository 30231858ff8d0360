import { DISPLAY, type Displayable } from './display.js'
import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { kernel, type MimeBundle } from './kernel.js'
import { isFrame, table } from './table.js'

export { DISPLAY, type Displayable }

/** How a value is shown that says so itself, or that is a frame of danfojs; null for others. */
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

/** Something that is shown once and then changes in place. */
export interface LiveDisplay {
  /** `last`: it stays like this. */
  update(bundle: MimeBundle, last?: boolean): void
}

/** A place below the running cell. In a script the last state is printed as text. */
export function liveDisplay(): LiveDisplay {
  const id = randomUUID()
  let shown = false
  return {
    update(bundle, last = false) {
      const own = kernel()
      if (own) own.display(bundle, id, shown)
      else if (last) process.stdout.write(`${bundle['text/plain']}\n`)
      shown = true
    },
  }
}

/** Calls `work` now, or if that was less than `interval` ms ago, later; `flush` at once if it waits. */
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
