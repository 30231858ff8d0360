/** The numbers that divide `of`, an integer >= 1, in ascending order. Steps: the square root of `of`. */
export function divisorsOf(of: number): number[] {
  const low: number[] = []
  const high: number[] = []
  for (let n = 1; n * n <= of; n++) {
    if (of % n !== 0) continue
    low.push(n)
    if (n * n !== of) high.unshift(of / n)
  }
  return [...low, ...high]
}

/** The largest integer up to `most` that divides `of`; both >= 1. */
export function largestDivisor(of: number, most: number): number {
  return of <= most ? of : divisorsOf(of).findLast((n) => n <= most)!
}
