/** The largest whole number up to `most` that divides `of`; both from 1. */
export function largestDivisor(of: number, most: number): number {
  let found = Math.min(of, most)
  while (of % found !== 0) found--
  return found
}
