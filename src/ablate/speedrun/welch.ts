import { spreadOf } from '../statistics.js'

/** A one-sided test that one mean is below another. */
export interface FasterTest {
  /** Welch's t: the difference of the means over its standard error. */
  readonly t: number
  readonly degreesOfFreedom: number
  /** Probability of a t as large or larger if the means are equal. */
  readonly p: number
}

/**
 * Welch's t test of "the mean of `times` is below that of `record`": one-sided, variances not assumed equal. Null for fewer than
 * two values on a side. Source: Welch 1947, with the degrees of freedom of Satterthwaite 1946.
 */
export function fasterTest(times: readonly number[], record: readonly number[]): FasterTest | null {
  if (times.length < 2 || record.length < 2) return null
  const [a, b] = [spreadOf(times), spreadOf(record)]
  const [u, v] = [a.deviation! ** 2 / a.count, b.deviation! ** 2 / b.count]
  const difference = b.mean - a.mean
  if (u + v === 0) return { t: Math.sign(difference) * Infinity, degreesOfFreedom: Infinity, p: difference > 0 ? 0 : 1 }
  const t = difference / Math.sqrt(u + v)
  const degreesOfFreedom = (u + v) ** 2 / (u ** 2 / (a.count - 1) + v ** 2 / (b.count - 1))
  return { t, degreesOfFreedom, p: upperTail(t, degreesOfFreedom) }
}

/** Probability that Student's t with these degrees of freedom is above t. */
export function upperTail(t: number, degreesOfFreedom: number): number {
  const half = incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5) / 2
  return t >= 0 ? half : 1 - half
}

/** The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's method; DLMF 8.17.22). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast on this side; the other one is its complement.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(a * Math.log(x) + b * Math.log(1 - x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a
  const tiny = 1e-300
  const atLeast = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / atLeast(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    for (const term of [even, odd]) {
      d = 1 / atLeast(1 + term * d)
      c = atLeast(1 + term / c)
      fraction *= c * d
    }
    if (Math.abs(c * d - 1) < 1e-14) break
  }
  return front * fraction
}

/** log of the gamma function for x > 0: Stirling's series (DLMF 5.11.1) after a shift to x >= 10. */
function logGamma(x: number): number {
  if (x < 10) return logGamma(x + 1) - Math.log(x)
  const inverse = 1 / (x * x)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series
}
