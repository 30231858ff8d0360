/** Several timers of the compiler's watch as one. */
interface Timers {
  setTimeout?(callback: () => void, delay: number): unknown
  clearTimeout?(timer: unknown): void
}

/**
 * The same timers over a host that can hold one only, as tslab's does: it rebuilds the program by calling that one, and
 * refuses a second. The compiler sets a second one, for resolutions that failed, when a watched folder changes (such as by
 * `npm install`); without this, every later cell would fail.
 */
export function shareTimer({ setTimeout: set, clearTimeout: clear }: Timers): Required<Timers> {
  const pending = new Set<{ readonly callback: () => void }>()
  let shared: unknown = null
  let running = false
  const runAll = () => {
    running = true
    try {
      // Those that a callback sets run, too.
      for (const timer of pending) {
        pending.delete(timer)
        timer.callback()
      }
    } finally {
      running = false
      pending.clear()
      shared = null
    }
  }
  return {
    setTimeout(callback, delay) {
      const timer = { callback }
      pending.add(timer)
      if (!running) shared ??= set!(runAll, delay)
      return timer
    },
    clearTimeout(timer) {
      pending.delete(timer as { callback: () => void })
      if (running || pending.size > 0 || shared === null) return
      clear!(shared)
      shared = null
    },
  }
}
