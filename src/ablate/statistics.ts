/** The median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

export function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length
}

/** Mean and sample standard deviation (n - 1); the latter is null for one value. */
export interface Spread {
  readonly mean: number
  readonly deviation: number | null
  readonly count: number
}

export function spreadOf(values: readonly number[]): Spread {
  const middle = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null
  return { mean: middle, deviation, count: values.length }
}

/** The noise in a table with one row per variant and one column per seed. */
export interface Noise {
  /** Standard deviation of the values of each row. */
  readonly deviations: readonly number[]
  readonly degreesOfFreedom: number
  readonly columns: number
}

/**
 * Estimates the noise in a table. The effect of a seed on all variants, such as an order of the data that is easy to learn,
 * is not noise in comparing them: the median of each column is subtracted. As a few seeds say little about the variance of
 * one variant, each variance is shrunk towards the median one, with a weight that grows with the number of rows; one
 * variant of high variance does not hide the differences of others. Null for fewer than two rows or columns.
 * Source of the idea: Smyth 2004, "Linear models and empirical Bayes methods" (moderated t).
 */
export function noiseOf(rows: readonly (readonly number[])[]): Noise | null {
  const columns = rows[0]?.length ?? 0
  if (rows.length < 2 || columns < 2) return null
  const centred = rows.map((row) => row.map((value) => value - mean(row)))
  const shifts = Array.from({ length: columns }, (_, j) => median(centred.map((row) => row[j])))
  const left = centred.map((row) => row.map((value, j) => value - shifts[j] + mean(shifts)))
  const degrees = columns - 1
  const variances = left.map(
    (row) => row.reduce((sum, value) => sum + value ** 2, 0) / (degrees * (1 - 1 / rows.length)),
  )
  // The median of chi squared over its degrees of freedom is near this (Wilson and Hilferty 1931).
  const typical = median(variances) / (1 - 2 / (9 * degrees)) ** 3
  const weight = 1 - 2 / rows.length
  return {
    deviations: variances.map((variance) => Math.sqrt((weight * typical + degrees * variance) / (weight + degrees))),
    degreesOfFreedom: degrees + weight,
    columns,
  }
}

/** Half of the 95 % interval of the difference of two rows' means: if they are equal, 95 % of differences are smaller. */
export function halfWidth({ deviations, degreesOfFreedom, columns }: Noise, a: number, b: number): number {
  return studentQuantile(degreesOfFreedom) * Math.hypot(deviations[a], deviations[b]) * Math.sqrt(1 / columns)
}

/** The 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom. */
const QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Interpolated between integers, slightly too large; beyond the table by the first term of the expansion in 1 / n. */
export function studentQuantile(degreesOfFreedom: number): number {
  const below = Math.floor(degreesOfFreedom)
  const [low, high] = [QUANTILES[below - 1], QUANTILES[below]]
  if (high !== undefined) return low + (high - low) * (degreesOfFreedom - below)
  const z = 1.959964
  return z + (z ** 3 + z) / (4 * degreesOfFreedom)
}
