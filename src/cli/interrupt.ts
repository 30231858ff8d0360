/** One Ctrl-C can arrive twice, from the terminal and from the launcher; this close together, in ms, they are one. */
const ONE = 500

/**
 * A signal that Ctrl-C (or SIGTERM, or the end of the terminal) aborts, for work that stops at a good place. A second
 * Ctrl-C ends the program at once. `done` gives Ctrl-C its usual meaning back.
 */
export function interruptible(onFirst: () => void = () => {}): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  let first = 0
  const listener = () => {
    if (controller.signal.aborted) {
      if (performance.now() - first > ONE) process.exit(130)
      return
    }
    first = performance.now()
    controller.abort(new DOMException('interrupted', 'AbortError'))
    onFirst()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return {
    signal: controller.signal,
    done() {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
