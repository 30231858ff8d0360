/** What NEOMESH_DEBUG can name, separated by commas. */
export type DebugSubject =
  /** Each traced program, one operation per line. */
  | 'program'
  /** The StableHLO that XLA gets. */
  | 'hlo'
  /** What was compiled or loaded from the cache, and the time it took. */
  | 'compile'
  /** What each program needs on the device. */
  | 'memory'
  /** Which samples each step reads. */
  | 'data'

/** Writes to stderr if NEOMESH_DEBUG names the subject; otherwise the text is not made. Browsers have no NEOMESH_DEBUG. */
export function debug(subject: DebugSubject, text: () => string): void {
  const node = (globalThis as Partial<typeof globalThis>).process
  if (node?.env.NEOMESH_DEBUG?.split(',').includes(subject)) node.stderr.write(`[${subject}] ${text()}\n`)
}
