import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { liveHandles } from '../../src/engine/xla/pjrt/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'
import { engine } from '../tensor/check.js'

const rows = dim('rows', 2)
const columns = dim('columns', 3)

test('numbers come back, of every dtype', async () => {
  const on = await engine()
  const cases = [
    ['f32', Float32Array.of(1, -2.5, 3, 4, 5, NaN)],
    ['bf16', Uint16Array.of(0x3f80, 0, 1, 2, 3, 4)],
    ['f16', Uint16Array.of(0x3c00, 0, 1, 2, 3, 4)],
    ['i32', Int32Array.of(1, -2, 3, 4, 5, 6)],
    ['u32', Uint32Array.of(1, 2, 3, 4, 5, 2 ** 32 - 1)],
    ['bool', Uint8Array.of(0, 1, 1, 0, 0, 1)],
  ] as const
  for (const [dtype, data] of cases) {
    const array = DeviceArray.from(on, data, [rows, columns], dtype)
    assert.deepEqual(await array.read(), data, dtype)
    array.dispose()
  }
})

test('an array begins with the right kind and number of elements', async () => {
  const on = await engine()
  assert.throws(() => DeviceArray.from(on, new Float32Array(5), [rows, columns], 'f32'), {
    name: 'RangeError',
    message: 'data must have the 6 elements of f32 [rows 2, columns 3] (got 5)',
  })
  assert.throws(() => DeviceArray.from(on, new Float32Array(6), [rows, columns], 'i32'), {
    name: 'TypeError',
    message: 'data of i32 must have the type Int32Array (got Float32Array)',
  })
  const array = DeviceArray.from(on, new Float32Array(6), [rows, columns], 'f32')
  await assert.rejects(array.readScalar(), {
    name: 'RangeError',
    message: /readScalar: the array must have one element \(got f32 \[rows 2/,
  })
  array.dispose()
})

test('disposed of or donated, an array says so and frees its memory; twice is once', async () => {
  const on = await engine()
  const before = liveHandles().buffer
  const array = DeviceArray.from(on, new Float32Array(6), [rows, columns], 'f32')
  assert.equal(liveHandles().buffer, before + 1)
  array.dispose()
  array.dispose()
  assert.ok(array.isDisposed)
  assert.equal(liveHandles().buffer, before)
  assert.throws(() => array.read(), { message: 'read: the array f32 [rows 2, columns 3] was disposed' })

  const twice = jit(on, (x: Tensor) => x.mul(2), { donate: [0], name: 'twice' })
  const given = DeviceArray.from(on, Float32Array.of(1, 2, 3, 4, 5, 6), [rows, columns], 'f32')
  const result = (await twice(given as never)) as unknown as DeviceArray
  assert.throws(() => given.read(), { message: /was donated to twice, which reused its memory/ })
  given.dispose()
  assert.deepEqual([...(await result.readFloats())], [2, 4, 6, 8, 10, 12])
  result.dispose()
  twice.dispose()
  assert.equal(liveHandles().buffer, before)

  const sum = jit(on, (x: Tensor) => x.sum(columns), { donate: [0] })
  const other = DeviceArray.from(on, Float32Array.of(1, 2, 3, 4, 5, 6), [rows, columns], 'f32')
  const sums = (await sum(other as never)) as unknown as DeviceArray
  assert.equal(liveHandles().buffer, before + 1, 'no result takes the memory, which is freed')
  assert.deepEqual([...(await sums.readFloats())], [6, 15])
  sums.dispose()
  sum.dispose()
})
