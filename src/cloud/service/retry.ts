import { setTimeout as sleep } from 'node:timers/promises'
import { kindOf } from '../error.js'

interface RetryOptions {
  readonly signal?: AbortSignal
  /** Whether the service is a stand-in, for which nothing has to be waited for. */
  readonly isLocal: boolean
}

/** Attempts at a call, the first included. */
const ATTEMPTS = 6
const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 32_000

/** Repeats a call that the service refused for a passing reason: the client library does not retry. */
export async function withRetries<T>(work: () => Promise<T>, { signal, isLocal }: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work()
    } catch (error) {
      if (attempt === ATTEMPTS || !['unavailable', 'rate'].includes(kindOf(error))) throw error
      await sleep(pauseOf(attempt) * (isLocal ? 0.01 : 1), undefined, { signal })
    }
}

/** Milliseconds before attempt n + 1: doubled each time, and different for each client, so that they do not return together. */
export function pauseOf(attempt: number, first = FIRST_PAUSE, longest = LONGEST_PAUSE): number {
  return Math.min(longest, first * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
}

/** As Promise.all for two, but no call is under way any more when it rejects: the connection may then be closed. */
export async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second])
  return Promise.all([first, second])
}
