/** A failed compilation: it exceeded a limit, or XLA rejected the program. */
export class PlanError extends Error {
  override name = 'PlanError'
}

export interface Limits {
  /** Seconds. */
  readonly time: number
  /** Bytes of this machine's memory. */
  readonly memory: number
}

/** The memory limit is that of the plans in docs/. */
export const LIMITS: Limits = { time: 20 * 60, memory: 8e9 }
