/** Fewer points that look as all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thin } from '../../src/plot/index.js'

test('short series are kept; long ones keep their ends and extremes, in order', () => {
  assert.deepEqual(thin([3, 1, 2], 4), [0, 1, 2])
  for (const length of [5, 100, 12_345]) {
    const values = Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * 1000)
    for (const most of [4, 5, 64]) {
      const kept = thin(values, most)
      assert.ok(kept.length <= most)
      assert.deepEqual([kept[0], kept.at(-1)], [0, length - 1])
      kept.slice(1).forEach((index, i) => assert.ok(index > kept[i]))
      for (const extreme of [Math.min, Math.max])
        assert.ok(kept.includes(values.indexOf(extreme(...values))), `${length} ${most}`)
    }
  }
})

test('values that are no number do not hide others', () => {
  const values = Array.from({ length: 100 }, (_, i) => (i === 50 ? 7 : NaN))
  assert.ok(thin(values, 10).includes(50))
})
