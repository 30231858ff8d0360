import type { MimeBundle } from './kernel.js'

/** How a value shows itself in a notebook, as in Deno's kernel and nodejs-polars. */
export const DISPLAY: unique symbol = Symbol.for('Jupyter.display')

/** A value that says how it is shown: as a cell's last value, or given to `show`. */
export interface Displayable {
  [DISPLAY](): MimeBundle
}
