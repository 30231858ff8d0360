/** Products in blocks and panels of all kinds, with operands in every order, against sums in f64. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dot } from '../../../../src/engine/host/matmul.js'
import { dense, transposed, type Layout } from '../../../../src/engine/host/layout.js'
import { reduceMax, reduceMin, reduceSum } from '../../../../src/engine/host/reduce.js'
import { numbers } from '../../../tensor/check.js'

const next = numbers(5)
const random = (count: number) => Float32Array.from({ length: count }, () => next() * 2 - 1)
const at = (x: Float32Array, { offset, strides }: Layout, ...index: readonly number[]) =>
  x[index.reduce((sum, i, axis) => sum + i * strides[axis], offset)]

/** Every layout of [batch, rows, columns]: as it is, transposed, and with the batch innermost. */
const ORDERS: Record<string, (sizes: readonly number[]) => Layout> = {
  'row-major': dense,
  'column-major': ([b, m, n]) => transposed(dense([b, n, m]), [0, 2, 1]),
  'batch innermost': ([b, m, n]) => transposed(dense([m, n, b]), [2, 0, 1]),
}

for (const [batch, m, k, n] of [
  [1, 4, 4, 8],
  [2, 3, 5, 7],
  [1, 513, 530, 17],
  [1, 36, 1030, 520],
  [3, 20, 31, 16],
])
  for (const [left, makeLeft] of Object.entries(ORDERS))
    for (const [right, makeRight] of Object.entries(ORDERS))
      test(`[${batch}, ${m}, ${k}] x [${batch}, ${k}, ${n}], ${left} and ${right}`, () => {
        const [a, b] = [makeLeft([batch, m, k]), makeRight([batch, k, n])]
        const [x, y] = [random(batch * m * k), random(batch * k * n)]
        const out = new Float32Array(batch * m * n)
        const given = [a, b].map((layout) => ({ layout, dtype: 'f32' as const }))
        const made = { sizes: [batch, m, n], dtype: 'f32' as const }
        dot(given, { batch: [[0], [0]], contract: [[2], [1]] } as never, [made])([x, y], [out])
        for (let t = 0; t < 200; t++) {
          const [p, i, j] = [batch, m, n].map((size) => Math.floor(next() * size))
          let sum = 0
          for (let s = 0; s < k; s++) sum += at(x, a, p, i, s) * at(y, b, p, s, j)
          const found = out[(p * m + i) * n + j]
          assert.ok(Math.abs(found - sum) < 2e-6 * Math.sqrt(k) * 4, `${[p, i, j]}: ${found}, not ${sum}`)
        }
      })

const REDUCTIONS = {
  sum: [reduceSum, (all: readonly number[]) => Math.fround(all.reduce((a, b) => a + b, 0))],
  max: [reduceMax, (all: readonly number[]) => Math.max(...all)],
  min: [reduceMin, (all: readonly number[]) => Math.min(...all)],
} as const

for (const [name, [make, oracle]] of Object.entries(REDUCTIONS))
  for (const [order, layoutOf] of Object.entries(ORDERS))
    for (const [width, axes] of [41, 48].flatMap((size) =>
      [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]].map((list) => [size, list] as const),
    ))
      test(`${name} of [3, 5, ${width}] over axes ${axes.join()}, ${order}`, () => {
        const sizes = [3, 5, width]
        const layout = layoutOf(sizes)
        const x = random(3 * 5 * width)
        const kept = [0, 1, 2].filter((axis) => !axes.includes(axis))
        const groups = new Map<string, number[]>()
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 5; j++)
            for (let l = 0; l < width; l++) {
              const key = kept.map((axis) => [i, j, l][axis]).join()
              groups.set(key, [...(groups.get(key) ?? []), at(x, layout, i, j, l)])
            }
        const out = new Float32Array(groups.size)
        const made = { sizes: kept.map((axis) => sizes[axis]), dtype: 'f32' as const }
        make([{ layout, dtype: 'f32' }], { axes } as never, [made])([x], [out])
        assert.deepEqual([...out], [...groups.values()].map(oracle))
        x[7] = NaN
        make([{ layout, dtype: 'f32' }], { axes } as never, [made])([x], [out])
        assert.equal(out.filter((y) => Number.isNaN(y)).length, 1)
      })
