/** What the notebook's kernel (kernels/) does for code in cells. */

/** One thing in several forms, by MIME type; whoever shows it takes the best that it knows. */
export interface MimeBundle {
  readonly 'text/plain': string
  readonly [type: string]: unknown
}

export interface NotebookKernel {
  /** Shows a bundle below the running cell; `update`: in place of what has the id already. */
  display(bundle: MimeBundle, id: string, update: boolean): void
  /** Aborts when the running cell is interrupted. */
  interruptSignal(): AbortSignal
}

const KEY = Symbol.for('neomesh.kernel')
const place = globalThis as unknown as { [KEY]?: NotebookKernel }

/** The kernel that this code runs in; none in a script. */
export function kernel(): NotebookKernel | undefined {
  return place[KEY]
}

/** For the kernel itself, before it runs cells. */
export function provideKernel(given: NotebookKernel): void {
  place[KEY] = given
}
