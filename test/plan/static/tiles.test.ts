import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainBytes, tiledBytes } from '../../../src/plan/static/tiles.js'

/** Bytes of arguments in programs that libtpu 0.0.52 compiled for v3, v4 and v5p, from the layouts that it gave them. */
const known: readonly [sizes: number[], dtype: 'f32' | 'i32', bytes: number][] = [
  [[32, 40, 8, 80], 'f32', 5242880],
  [[32, 8, 80, 40], 'f32', 5242880],
  [[24, 256, 32, 64], 'f32', 50331648],
  [[48, 192, 6, 128], 'f32', 28311552],
  [[12565, 40], 'f32', 2027520],
  [[50257, 256], 'f32', 51470336],
  [[32, 40], 'f32', 16384],
  [[40], 'f32', 1024],
  [[8, 2049], 'i32', 69632],
  [[1, 2049], 'i32', 17408],
]

test('arrays take what libtpu gives them', () => {
  for (const [sizes, dtype, bytes] of known) assert.equal(tiledBytes(sizes, dtype), bytes, sizes.join())
})

test('padding is never less than nothing, and nothing where tiles fit', () => {
  for (const [sizes, dtype] of known) assert.ok(tiledBytes(sizes, dtype) >= plainBytes(sizes, dtype))
  for (const dtype of ['f32', 'bf16', 'bool'] as const)
    assert.equal(tiledBytes([3, 64, 256], dtype), plainBytes([3, 64, 256], dtype))
  assert.equal(tiledBytes([], 'f32'), 4)
})
