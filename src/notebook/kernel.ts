/** What the notebook's kernel (kernels/) provides to code in cells. */

/** One value in several formats, by MIME type; a client shows the richest that it supports. */
export interface MimeBundle {
  readonly 'text/plain': string
  readonly [type: string]: unknown
}

export interface NotebookKernel {
  /** Shows a bundle below the running cell; `update`: replaces what was shown with this id. */
  display(bundle: MimeBundle, id: string, update: boolean): void
  /** Aborts when the running cell is interrupted. */
  interruptSignal(): AbortSignal
}

const KEY = Symbol.for('neomesh.kernel')
const registry = globalThis as unknown as { [KEY]?: NotebookKernel }

/** The kernel that this code runs in; undefined in a script. */
export function kernel(): NotebookKernel | undefined {
  return registry[KEY]
}

/** Registers the kernel, before it runs cells. */
export function provideKernel(given: NotebookKernel): void {
  registry[KEY] = given
}
