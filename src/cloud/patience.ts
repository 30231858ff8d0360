import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two looks at the service, and at a stand-in of it on this machine. */
export function pollMs(service: { readonly isLocal: boolean }): number {
  return service.isLocal ? 60 : 5000
}

/** A limit of waiting time that this process was awake for. */
export interface Patience {
  /** Waits for one interval. */
  wait(): Promise<void>
  /** Seconds waited so far. */
  readonly waited: number
  readonly exhausted: boolean
}

/**
 * Counts only time in which this process could look: a laptop that sleeps for hours and wakes up has waited for one interval,
 * and looks again before it gives up.
 */
export function createPatience(seconds: number, intervalMs: number, signal?: AbortSignal): Patience {
  let waitedMs = 0
  return {
    async wait() {
      const start = Date.now()
      await sleep(intervalMs, undefined, { signal })
      waitedMs += Math.min(Date.now() - start, 3 * intervalMs)
    },
    get waited() {
      return waitedMs / 1000
    },
    get exhausted() {
      return waitedMs / 1000 >= seconds
    },
  }
}
