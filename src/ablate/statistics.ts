/** The middle of some numbers, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Mean of some numbers, and their standard deviation (of the sample, n - 1); null for one number. */
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

/** What chance does to a comparison of means. */
export interface Noise {
  /** Of a value, with the means of its row and of its column taken out. */
  readonly deviation: number
  readonly degreesOfFreedom: number
  /** Two means of a row that differ by less than this may do so by chance: 95 % of such differences are smaller. */
  readonly smallestDifference: number
}

/**
 * The noise in a table of values with a row for each variant and a column for each seed. What a seed does to all
 * variants alike, as an order of the data that is easy to learn, is no noise in comparing them. Two-way analysis of
 * variance without interaction (Fisher 1925), then Student's t for a difference of two means. Null for fewer than two
 * rows or columns.
 */
export function noiseOf(rows: readonly (readonly number[])[]): Noise | null {
  const columns = rows[0]?.length ?? 0
  if (rows.length < 2 || columns < 2) return null
  const whole = mean(rows.flat())
  const ofColumns = Array.from({ length: columns }, (_, j) => mean(rows.map((row) => row[j])))
  const squares = rows.flatMap((row) => {
    const ofRow = mean(row)
    return row.map((value, j) => (value - ofRow - ofColumns[j] + whole) ** 2)
  })
  const degreesOfFreedom = (rows.length - 1) * (columns - 1)
  const deviation = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / degreesOfFreedom)
  return {
    deviation,
    degreesOfFreedom,
    smallestDifference: studentQuantile(degreesOfFreedom) * deviation * Math.sqrt(2 / columns),
  }
}

/** The 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom. */
const QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Beyond the table from the normal quantile, with the first term of the expansion in 1 / n. */
function studentQuantile(degreesOfFreedom: number): number {
  const z = 1.959964
  return QUANTILES[degreesOfFreedom - 1] ?? z + (z ** 3 + z) / (4 * degreesOfFreedom)
}
