/** Functions of f32 in WebAssembly SIMD, against JavaScript's in f64: errors in units of the last place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { elementwise, type Member } from '../../../../src/engine/host/elementwise.js'
import { dense } from '../../../../src/engine/host/layout.js'
import { hostKernels } from '../../../../src/engine/host/rows.js'
import type { Vector } from '../../../../src/engine/host/wasm/rows.js'
import { floatsToBf16, bf16ToFloats } from '../../../../src/engine/half.js'
import type { DType } from '../../../../src/tensor/index.js'

/** Bit patterns apart; a prime, so that all exponents and many fractions occur. */
const STEP = Number(process.env.STEP ?? 4099)

type Name = 'exp' | 'log' | 'tanh' | 'sigmoid' | 'rsqrt' | 'expm1' | 'cast'

/** A primitive of one operand by WebAssembly; JavaScript would throw. */
function run(name: Name, x: Float32Array, to: DType = 'f32'): Float32Array {
  const { vector } = hostKernels[name] as { vector: Vector<unknown> }
  const member: Member = {
    op: { name, attributes: {}, from: 'f32' },
    write: () => assert.fail('no loop in JavaScript'),
    vector: (scope, operands) => vector(scope, operands, 'f32', {}, to),
    operands: [{ input: 0 }],
    dtype: to,
  }
  const y = new Float32Array(x.length)
  const input = { layout: dense([x.length]), dtype: 'f32' as const }
  elementwise({ sizes: [x.length], inputs: [input], members: [member], results: [0] })([x], [y])
  return y
}

function samples(): Float32Array {
  const words = new Uint32Array(Math.floor(2 ** 32 / STEP))
  for (let i = 0; i < words.length; i++) words[i] = i * STEP
  return new Float32Array(words.buffer)
}

/** The distance of two neighbours of f32 at a number. */
const place = (x: number) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 23)

function largestError(x: Float32Array, found: Float32Array, exact: (x: number) => number): number {
  let largest = 0
  for (let i = 0; i < x.length; i++) {
    const [wanted, got] = [exact(x[i]), found[i]]
    const single = Math.fround(wanted)
    if (Object.is(single, got) || single === got) continue
    assert.ok(Number.isFinite(single) && Number.isFinite(got), `${x[i]}: ${got} instead of ${single}`)
    largest = Math.max(largest, Math.abs(got - wanted) / place(wanted || 2 ** -126))
  }
  return largest
}

const BOUNDS: readonly (readonly [Name, (x: number) => number, number])[] = [
  ['exp', Math.exp, 1],
  ['log', Math.log, 1],
  ['tanh', Math.tanh, 6],
  ['rsqrt', (x) => 1 / Math.sqrt(x), 1.5],
  ['expm1', Math.expm1, 0.5001],
]
for (const [name, exact, bound] of BOUNDS)
  test(`${name}: at most ${bound} units in the last place`, (t) => {
    const x = samples()
    const error = largestError(x, run(name, x), exact)
    t.diagnostic(`largest error ${error.toFixed(3)}`)
    assert.ok(error <= bound, String(error))
  })

test('sigmoid: at most 2 units in the last place, and 0 where it would be subnormal', (t) => {
  const x = samples().filter((each) => !(each < -87))
  const error = largestError(x, run('sigmoid', x), (each) => 1 / (1 + Math.exp(-each)))
  t.diagnostic(`largest error ${error.toFixed(3)}`)
  assert.ok(error <= 2, String(error))
  assert.ok(run('sigmoid', Float32Array.of(-87.5, -89, -1000, -Infinity)).every((y) => y >= 0 && y < 1.2e-38))
})

test('special values are those of IEEE 754', () => {
  const x = Float32Array.of(0, -0, Infinity, -Infinity, NaN, -1, 200, -200, -103, 1e-40)
  assert.deepEqual([...run('exp', x)].slice(0, 8), [1, 1, Infinity, 0, NaN, Math.fround(Math.exp(-1)), Infinity, 0])
  assert.deepEqual([...run('log', x)].slice(0, 6), [-Infinity, -Infinity, Infinity, NaN, NaN, NaN])
  const [zero, negativeZero, one, minusOne, nan] = run('tanh', x)
  assert.deepEqual([zero, negativeZero, nan], [0, -0, NaN])
  assert.ok(Math.abs(one - 1) < 2e-7 && Math.abs(minusOne + 1) < 2e-7)
})

test('bf16: the nearest, ties to even; NaN stays', () => {
  const x = samples()
  assert.deepEqual(run('cast', x, 'bf16'), bf16ToFloats(floatsToBf16(x)))
})

test('results do not depend on where in a loop an element is', () => {
  const x = samples().subarray(0, 4099)
  const whole = run('tanh', x)
  for (const length of [1, 2, 3, 5, 7])
    assert.deepEqual(run('tanh', x.slice(4000, 4000 + length)), whole.slice(4000, 4000 + length))
})
