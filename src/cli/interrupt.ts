/**
 * A signal that Ctrl-C (or SIGTERM) aborts, for work that stops at a good place. A second Ctrl-C ends the program at once.
 * `done` gives Ctrl-C its usual meaning back.
 */
export function interruptible(onFirst: () => void = () => {}): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  let first = 0
  const listener = () => {
    // One Ctrl-C can arrive twice, from the terminal and from the launcher.
    if (controller.signal.aborted && performance.now() - first < 500) return
    if (controller.signal.aborted) process.exit(130)
    first = performance.now()
    onFirst()
    controller.abort(new DOMException('interrupted', 'AbortError'))
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return {
    signal: controller.signal,
    done() {
      process.off('SIGINT', listener)
      process.off('SIGTERM', listener)
    },
  }
}
