import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { dim, einsum, spec, type Dim, type Tensor } from '../../src/tensor/index.js'
import { engine } from '../tensor/check.js'

const array = async (values: readonly number[], of: Dim = dim('n', values.length)) =>
  DeviceArray.from(await engine(), Float32Array.from(values), [of], 'f32')
const floats = async (x: unknown) => [...(await (x as DeviceArray).readFloats())]

test('traced and compiled once for each set of dims, and run on trees', async () => {
  let traced = 0
  const f = jit(await engine(), ({ x, more }: { x: Tensor; more: readonly Tensor[] }) => {
    traced++
    return { sum: x.add(more[0]), parts: [x.mul(2), more[0].neg()] }
  }) as any
  for (const values of [
    [1, 2],
    [3, 4],
  ]) {
    const found = await f({ x: await array(values), more: [await array([10, 20])] })
    assert.deepEqual(await floats(found.sum), [values[0] + 10, values[1] + 20])
    assert.deepEqual(
      await floats(found.parts[0]),
      values.map((x) => 2 * x),
    )
    assert.deepEqual(await floats(found.parts[1]), [-10, -20])
  }
  assert.equal(traced, 1)
  await f({ x: await array([1, 2, 3]), more: [await array([1, 2, 3])] })
  assert.equal(traced, 2)
  f.dispose()
})

test('calls that come at once share one compilation', async () => {
  let traced = 0
  const f = jit(await engine(), (x: Tensor) => (traced++, x.add(1))) as any
  const results = await Promise.all([1, 2, 3].map(async (x) => f(await array([x, x]))))
  assert.deepEqual(await Promise.all(results.map(floats)), [
    [2, 2],
    [3, 3],
    [4, 4],
  ])
  assert.equal(traced, 1)
})

test('prepare compiles without running; its program and times are told', async () => {
  const f = jit(await engine(), (x: Tensor) => x.exp(), { name: 'exponential' })
  const { traced, executable, traceSeconds } = await f.prepare(spec([dim('n', 5)]))
  assert.equal(traced.program.name, 'exponential')
  assert.ok(traceSeconds >= 0 && executable.seconds >= 0)
  assert.ok(executable.memory()!.arguments >= 20)
})

test('any name does, also one that is no identifier', async () => {
  for (const name of ['1st', '', '2', '-', 'é', 'a b', '#private', 'x"y', 'while'])
    assert.deepEqual(
      await floats(await (jit(await engine(), (x: Tensor) => x.add(1), { name }) as any)(await array([1]))),
      [2],
    )
})

test('a mistake in the function rejects, names the op, and is not remembered', async () => {
  const wide = dim('n', 3)
  let broken = true
  const f = jit(await engine(), (x: Tensor) => (broken ? x.rename(dim('m', 2), dim('k', 2)) : x)) as any
  await assert.rejects(f(await array([1, 2, 3], wide)), { name: 'OpError' })
  broken = false
  assert.deepEqual(await floats(await f(await array([1, 2, 3], wide))), [1, 2, 3])
})

test('an argument that is gone is named by the function', async () => {
  const f = jit(await engine(), (x: Tensor) => x.add(1), { name: 'addOne' }) as any
  const x = await array([1, 2])
  x.dispose()
  await assert.rejects(f(x), { message: 'addOne: the array f32 [n 2] was disposed' })
})

test('what a program computes in bf16 is rounded to it, whatever is fused', async () => {
  const n = dim('n', 1)
  const f = jit(await engine(), (x: Tensor) => {
    const half = x.cast('bf16')
    return [einsum([half, half], []).cast('f32'), half.mul(half).mul(half).cast('f32')]
  }) as any
  // The square of 1 + 2^-7 is 1 + 2^-6 + 2^-14, its third power in bf16 (1 + 2^-6)(1 + 2^-7) = 1 + 2^-6 + 2^-7 + 2^-13.
  const [square, third] = await f(await array([1 + 2 ** -7], n))
  assert.deepEqual(await floats(square), [1 + 2 ** -6])
  assert.deepEqual(await floats(third), [1 + 2 ** -6 + 2 ** -7])
  f.dispose()
})
