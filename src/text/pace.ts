/** How fast work of known size goes, from what was done when. */
export interface Pace {
  /** Takes how far the work is at `ms`, of a clock that only goes forward. */
  note(done: number, ms: number): void
  /** Amount a second; null until two advances are timed. */
  rate(): number | null
  /** Seconds until `total` is done at that rate; null if it is not known, or nothing is left. */
  left(total: number): number | null
}

/** Starts at `start`. The first advance is not timed: what is made ready only once goes into it. */
export function createPace(start: number): Pace {
  let last = { done: start, ms: 0 }
  let first: typeof last | null = null
  let timed = 0
  const rate = () =>
    first && timed >= 2 && last.ms > first.ms ? ((last.done - first.done) / (last.ms - first.ms)) * 1000 : null
  return {
    note(done, ms) {
      if (done <= last.done) return
      last = { done, ms }
      if (first) timed++
      else first = last
    },
    rate,
    left(total) {
      const known = rate()
      return known && total > last.done ? (total - last.done) / known : null
    },
  }
}
