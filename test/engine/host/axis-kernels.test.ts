import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sort } from '../../../src/engine/host/axis-kernels.js'
import { numbers } from '../../tensor/check.js'

/** Sorts one lane of f32. */
function sorted(values: Float32Array, descending: boolean): [Float32Array, Int32Array] {
  const size = values.length
  const made = { sizes: [size], dtype: 'f32' as const }
  const kernel = sort([{ layout: { offset: 0, sizes: [size], strides: [1] }, dtype: 'f32' }], { axis: 0, descending }, [
    made,
    { ...made, dtype: 'i32' },
  ])
  const results: [Float32Array, Int32Array] = [new Float32Array(size), new Int32Array(size)]
  kernel([values], results)
  return results
}

for (const size of [1, 2 ** 21 + 8])
  for (const descending of [false, true])
    test(`sort of ${size} numbers, ${descending ? 'descending' : 'ascending'}: all there, in order, stable`, () => {
      const next = numbers(5)
      // Few values, so that there are ties.
      const values = Float32Array.from({ length: size }, () => Math.round(100 * next()) - 50)
      const [y, index] = sorted(values, descending)
      const seen = new Uint8Array(size)
      for (let i = 0; i < size; i++) {
        seen[index[i]] = 1
        if (y[i] !== values[index[i]]) assert.fail(`element ${i} is ${y[i]}, at its index is ${values[index[i]]}`)
        if (i === 0) continue
        const ordered = descending ? y[i - 1] > y[i] : y[i - 1] < y[i]
        if (!ordered && !(y[i - 1] === y[i] && index[i - 1] < index[i])) assert.fail(`elements ${i - 1} and ${i}`)
      }
      assert.ok(seen.every((each) => each === 1))
    })
