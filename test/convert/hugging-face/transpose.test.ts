import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transpose } from '../../../src/convert/hugging-face/transpose.js'

test('matrices of any shape, and back', () => {
  for (const [rows, columns] of [
    [1, 1],
    [1, 97],
    [97, 1],
    [31, 33],
    [64, 32],
    [100, 67],
  ]) {
    const matrix = Float32Array.from({ length: rows * columns }, (_, i) => i)
    const turned = transpose(matrix, rows, columns)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) assert.equal(turned[column * rows + row], row * columns + column)
    assert.deepEqual(transpose(turned, columns, rows), matrix)
  }
})

test('the bits of a NaN stay as they are', () => {
  const bits = new Uint32Array([0x7f800001, 0xffc12345, 0x7fffffff, 0])
  const turned = transpose(new Float32Array(bits.buffer), 2, 2)
  assert.deepEqual([...new Uint32Array(turned.buffer)], [0x7f800001, 0x7fffffff, 0xffc12345, 0])
})
