import type { MimeBundle } from './kernel.js'

/** How a value shows itself in a notebook, as in Deno's kernel and nodejs-polars. */
export const DISPLAY: unique symbol = Symbol.for('Jupyter.display')

/** Something that knows how it looks. */
export interface Displayable {
  [DISPLAY](): MimeBundle
}

/** The looks of a value that has its own. */
export function bundleOf(value: unknown): MimeBundle | null {
  const own = (value as Partial<Displayable> | null)?.[DISPLAY]
  return typeof own === 'function' ? own.call(value as Displayable) : null
}
