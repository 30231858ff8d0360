/** The result of `unlessAborted` if the signal aborted first. */
export const ABORTED = Symbol('aborted')

/**
 * Waits for work that cannot be stopped, such as a compilation, or for the signal, whichever comes first. After an abort
 * the work continues unobserved, and its failure is ignored.
 */
export async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T | typeof ABORTED> {
  if (signal === undefined) return work
  let stop = () => {}
  const aborted = new Promise<typeof ABORTED>((resolve) => {
    stop = () => resolve(ABORTED)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })
  try {
    const first = await Promise.race([work, aborted])
    return signal.aborted ? ABORTED : first
  } finally {
    signal.removeEventListener('abort', stop)
    work.catch(() => {})
  }
}
