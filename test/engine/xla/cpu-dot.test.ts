/** Products on XLA's CPU backend, whose form depends on the number of rows, against exact sums on the host. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bf16ToFloats, floatsToBf16, toFloats } from '../../../src/engine/half.js'
import { DeviceArray, jit, openXla } from '../../../src/engine/index.js'
import { printStableHlo } from '../../../src/engine/xla/stablehlo.js'
import { dim, einsum, spec, trace, type Dim, type Tensor } from '../../../src/tensor/index.js'
import { numbers } from '../../tensor/numbers.js'
import { QUICKLY } from './flags.js'

const engine = openXla({ flags: QUICKLY })

/** Both sides of each limit. */
const ROWS = [1, 2, 3, 4, 5, 8, 9, 12, 13, 16, 17]
type Float = 'f32' | 'bf16'

/** Integers from -4 to 4, whose products and sums are exact in f32. */
function integers(count: number, seed: number): Float32Array {
  const next = numbers(seed)
  return Float32Array.from({ length: count }, () => Math.round(next() * 8 - 4))
}

/** x w^T for x [m, k] and w [n, k], rounded to the dtype. */
function plain(x: Float32Array, w: Float32Array, k: number, dtype: Float): Float32Array {
  const [m, n] = [x.length / k, w.length / k]
  const out = new Float32Array(m * n)
  for (let row = 0; row < m; row++)
    for (let column = 0; column < n; column++)
      for (let i = 0; i < k; i++) out[row * n + column] += x[row * k + i] * w[column * k + i]
  return dtype === 'bf16' ? bf16ToFloats(floatsToBf16(out)) : out
}

/** Row-major [rows, columns] as [columns, rows]. */
function turned(data: Float32Array, columns: number): Float32Array {
  const rows = data.length / columns
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)])
}

/** Products of several numbers of rows by one matrix, all in one program. */
async function compare(n: number, k: number, dtype: Float, summed: 'first' | 'last'): Promise<void> {
  const on = await engine
  const [sums, words] = [dim('embd', k), dim('words', n)]
  const matrix = (data: Float32Array, free: Dim) => {
    const [values, dims] = summed === 'last' ? [data, [free, sums]] : [turned(data, k), [sums, free]]
    return DeviceArray.from(on, dtype === 'bf16' ? floatsToBf16(values) : values, dims, dtype)
  }
  const w = integers(n * k, n + k)
  const xs = ROWS.map((m) => integers(m * k, m))
  const products = (weights: Tensor, ...rows: Tensor[]) =>
    rows.map((x, i) => einsum([x, weights], [dim('batch', ROWS[i]), words]))
  const arrays = xs.map((x, i) => matrix(x, dim('batch', ROWS[i])))
  const results = await jit(on, products)(matrix(w, words), ...arrays)
  for (const [i, result] of results.entries()) {
    const found = toFloats(await (result as unknown as DeviceArray).read(), dtype)
    const wanted = plain(xs[i], w, k, dtype)
    // Adding zero gives zeros one sign.
    const unsigned = (values: Float32Array) => Array.from(values, (value) => value + 0)
    assert.deepEqual(unsigned(found), unsigned(wanted), `${dtype}, ${ROWS[i]} rows, [${n}, ${k}], sums ${summed}`)
  }
}

for (const dtype of ['f32', 'bf16'] as const)
  test(`products of few rows in ${dtype} equal plain sums`, async () => {
    for (const [n, k] of [
      [31, 5],
      [32, 1],
      [67, 61],
    ])
      await compare(n, k, dtype, 'last')
    await compare(67, 61, dtype, 'first')
  })

test('which products are computed as columns, and of how many', () => {
  const [sums, words] = [dim('embd', 3), dim('words', 64)]
  const columns = (m: number, dtype: Float) => {
    const rows = dim('batch', m)
    const product = (x: Tensor<'batch' | 'embd'>, w: Tensor<'words' | 'embd'>) => einsum([x, w], [rows, words])
    const { program } = trace(product, [spec([rows, sums], dtype), spec([words, sums], dtype)], 'dot')
    return Number(
      /dot_general"\(%arg1, .*-> tensor<64x(\d+)xf32>/.exec(printStableHlo(program, { physical: true }))?.[1] ?? 0,
    )
  }
  assert.deepEqual(
    ROWS.map((m) => columns(m, 'f32')),
    [0, 2, 4, 4, 8, 8, 0, 0, 16, 16, 0],
  )
  assert.deepEqual(
    ROWS.map((m) => columns(m, 'bf16')),
    [16, 16, 15, 16, 15, 16, 0, 0, 0, 0, 0],
  )
})
