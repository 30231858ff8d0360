import { divisorsOf } from '../mesh/index.js'

/** The largest integer up to `most` that divides `of`; both >= 1. */
export function largestDivisor(of: number, most: number): number {
  return of <= most ? of : divisorsOf(of).findLast((n) => n <= most)!
}
