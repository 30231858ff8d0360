import type { MimeBundle } from './kernel.js'

/** Method by which a value is shown in a notebook, as in Deno's kernel and nodejs-polars. */
export const DISPLAY: unique symbol = Symbol.for('Jupyter.display')

/** A value that defines how it is shown, as a cell's last value or by `show`. */
export interface Displayable {
  [DISPLAY](): MimeBundle
}
