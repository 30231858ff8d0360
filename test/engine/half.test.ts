import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bf16ToFloats, floatsToBf16, toFloats } from '../../src/engine/index.js'
import { numbers } from '../tensor/check.js'

test('f32 to bf16: to nearest, ties to even; what is special stays', () => {
  const cases: [number, number][] = [
    [1, 0x3f80],
    [-2, 0xc000],
    [0, 0],
    [-0, 0x8000],
    [Infinity, 0x7f80],
    [-Infinity, 0xff80],
    [1 + 2 ** -8, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3f82],
    [1 + 2 ** -8 + 2 ** -20, 0x3f81],
    [3.4028234663852886e38, 0x7f80], // above the largest bf16
  ]
  assert.deepEqual(
    [...floatsToBf16(Float32Array.from(cases, ([x]) => x))],
    cases.map(([, bits]) => bits),
  )
  assert.ok(Number.isNaN(bf16ToFloats(floatsToBf16(Float32Array.of(NaN)))[0]))
  // A NaN whose only set bits are cut off is one still.
  const quiet = new Float32Array(Uint32Array.of(0x7f800001).buffer)
  assert.ok(Number.isNaN(bf16ToFloats(floatsToBf16(quiet))[0]))
})

test('bf16 to f32 is exact, and back again the same', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i)
  const back = floatsToBf16(bf16ToFloats(bits))
  for (let i = 0; i < bits.length; i++) {
    if (Number.isNaN(bf16ToFloats(bits.subarray(i, i + 1))[0])) continue
    assert.equal(back[i], bits[i])
  }
})

test('f16 bits as f32: normal, subnormal and special numbers', () => {
  const given = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000)
  const wanted = [1, -2, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, -0]
  assert.deepEqual([...toFloats(given, 'f16')], wanted)
  assert.ok(Number.isNaN(toFloats(Uint16Array.of(0x7c01), 'f16')[0]))
})

test('rounding is never off by more than half a step', () => {
  const next = numbers(3)
  const values = Float32Array.from({ length: 1000 }, () => (next() - 0.5) * 2 ** Math.floor(20 * next()))
  const rounded = bf16ToFloats(floatsToBf16(values))
  values.forEach((x, i) => assert.ok(Math.abs(rounded[i] - x) <= Math.abs(x) * 2 ** -8, `${x} ${rounded[i]}`))
})
