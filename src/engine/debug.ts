/** What NEOMESH_DEBUG can name, separated by commas. */
export type DebugSubject =
  /** Each traced program, an operation a line. */
  | 'program'
  /** The StableHLO that XLA gets. */
  | 'hlo'
  /** What was compiled, in how long, or loaded from the cache. */
  | 'compile'
  /** What each program needs on the device. */
  | 'memory'
  /** Which samples each step reads. */
  | 'data'

/** Shows the insides on stderr, where NEOMESH_DEBUG asks for the subject; else the text is not made. Browsers have none. */
export function debug(subject: DebugSubject, text: () => string): void {
  const node = (globalThis as Partial<typeof globalThis>).process
  if (node?.env.NEOMESH_DEBUG?.split(',').includes(subject)) node.stderr.write(`[${subject}] ${text()}\n`)
}
