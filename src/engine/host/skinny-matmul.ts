import type { Numbers } from './arrays.js'
import type { Side } from './matmul.js'
import type { Kernel } from './kernel.js'

/** Products with no more rows, or columns, than this are not worth packing an operand for. */
const MOST_FREE = 2

/** The difference of successive offsets; NaN if it varies. */
export function strideOf(offsets: Int32Array): number {
  const step = offsets.length > 1 ? offsets[1] - offsets[0] : 1
  return offsets.every((offset, i) => offset === offsets[0] + i * step) ? step : NaN
}

/**
 * A product of one or two rows, or columns, as sums in f64, reading the other operand in the order of its memory; null if
 * the product has more of both, or that operand has no regular strides.
 */
export function skinnyMatmul(left: Side, right: Side): Kernel | null {
  const fewIndex = left.free.length <= MOST_FREE ? 0 : right.free.length <= MOST_FREE ? 1 : -1
  if (fewIndex < 0) return null
  const [side, other] = fewIndex === 0 ? [left, right] : [right, left]
  const [along, across] = [strideOf(other.sums), strideOf(other.free)]
  // Either each result is a sum along the operand's memory, or whole lines of it are added up.
  const bySums = Number.isNaN(across) || along <= across
  if (Number.isNaN(bySums ? along : across)) return null
  const [count, sums] = [other.free.length, side.sums.length]
  const row = new Float64Array(sums)
  const results = new Float64Array(count)
  const [stepSmall, stepOther] = fewIndex === 0 ? [count, 1] : [1, side.free.length]
  return (inputs, [y]) => {
    const [small, whole] = [inputs[fewIndex], inputs[1 - fewIndex]]
    for (let batch = 0; batch < side.batches.length; batch++)
      for (let i = 0; i < side.free.length; i++) {
        const start = side.batches[batch] + side.free[i]
        for (let k = 0; k < sums; k++) row[k] = small[start + side.sums[k]]
        const at = other.batches[batch]
        if (bySums) for (let j = 0; j < count; j++) results[j] = sumAlong(row, whole, at + other.free[j], along)
        else addLines(row, whole, at, other.sums, across, results)
        const to = batch * count * side.free.length + i * stepSmall
        for (let j = 0; j < count; j++) y[to + j * stepOther] = results[j]
      }
  }
}

/** Four sums at a time: one alone would wait for each addition. */
function sumAlong(row: Float64Array, x: Numbers, at: number, step: number): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const n = row.length
  let k = 0
  for (; k + 3 < n; k += 4, at += 4 * step) {
    a += row[k] * x[at]
    b += row[k + 1] * x[at + step]
    c += row[k + 2] * x[at + 2 * step]
    d += row[k + 3] * x[at + 3 * step]
  }
  for (; k < n; k++, at += step) a += row[k] * x[at]
  return a + b + (c + d)
}

/** results[j] = sum over k of row[k] x[k, j], four lines at a time. */
function addLines(
  row: Float64Array,
  x: Numbers,
  at: number,
  lines: Int32Array,
  step: number,
  results: Float64Array,
): void {
  results.fill(0)
  const n = row.length
  let k = 0
  for (; k + 3 < n; k += 4) {
    let [p, q, r, s] = [at + lines[k], at + lines[k + 1], at + lines[k + 2], at + lines[k + 3]]
    const [a, b, c, d] = [row[k], row[k + 1], row[k + 2], row[k + 3]]
    for (let j = 0; j < results.length; j++, p += step, q += step, r += step, s += step)
      results[j] += a * x[p] + b * x[q] + (c * x[r] + d * x[s])
  }
  for (; k < n; k++) for (let j = 0, p = at + lines[k]; j < results.length; j++, p += step) results[j] += row[k] * x[p]
}
