/** Recurrences in chunks against the loop over positions: outputs, last states, and the gradient of every input. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunkedRecurrence, type Recurrence } from '../../../src/attention/kernels/chunked-recurrence.js'
import { DeviceArray, jit, openEngine, type Engine } from '../../../src/engine/index.js'
import { dim, gradients, sizeOf, type Dim, type Tensor } from '../../../src/tensor/index.js'
import { engine, numbers } from '../../tensor/check.js'
import { drawn, naiveGradients, naiveRecurrence, relativeError, type Sizes } from '../recurrence.js'

/** What a recurrence has beside q, k and v. */
interface Parts {
  readonly decay?: 'scalar' | 'key'
  /** The delta rule with beta up to this. */
  readonly delta?: number
  /** Reads and writes that are free of k. */
  readonly free?: boolean
  /** Most that a logarithm of a decay is. @default 1 */
  readonly fastest?: number
}

function setting(parts: Parts, { batch, heads, length, keys, values }: Sizes, seed: number) {
  const b = dim('batch', batch)
  const h = dim('heads', heads)
  const n = dim('sequence', length)
  const [K, V] = [dim('keys', keys), dim('values', values)]
  const dims: Record<string, Dim[]> = {
    q: [b, h, n, K],
    k: [b, h, n, K],
    v: [b, h, n, V],
    state: [b, h, K, V],
    ...(parts.decay && { decay: parts.decay === 'key' ? [b, h, n, K] : [b, h, n] }),
    ...((parts.delta || parts.free) && { read: [b, h, n, K] }),
    ...(parts.free && { write: [b, h, n, K] }),
  }
  const inputs: Record<string, Float64Array> = Object.fromEntries(
    Object.entries(dims).map(([name, each], i) => [
      name,
      name === 'decay' ? drawn(sizeOf(each), seed + i, -(parts.fastest ?? 1), 0) : drawn(sizeOf(each), seed + i),
    ]),
  )
  const normalise = (x: Float64Array, length = 1) => {
    for (let i = 0; i < x.length; i += keys) {
      const norm = Math.hypot(...x.subarray(i, i + keys)) / length
      for (let j = i; j < i + keys; j++) x[j] = Math.fround(x[j] / norm)
    }
  }
  if (parts.delta) {
    const betas = drawn(batch * heads * length, seed + 9, 0, parts.delta)
    normalise(inputs.k)
    inputs.k.forEach((x, i) => (inputs.read[i] = Math.fround(-betas[Math.floor(i / keys)] * x)))
  }
  if (parts.free) {
    normalise(inputs.read)
    normalise(inputs.write)
  }
  return { shape: { batchDims: [b, h], positions: n, keys: K, values: V }, dims, inputs }
}

/** Output, state and gradients of a weighted sum of both, by the kernel. */
async function byKernel(
  on: Engine,
  { shape, dims, inputs }: ReturnType<typeof setting>,
  weights: readonly [Float64Array, Float64Array],
  documents?: readonly number[],
) {
  const { batchDims, positions, keys, values } = shape
  const outs = [
    [...batchDims, positions, values],
    [...batchDims, keys, values],
  ]
  const array = (x: ArrayLike<number>, of: readonly Dim[]) => DeviceArray.from(on, Float32Array.from(x), of, 'f32')
  const names = Object.keys(dims)
  const given = names.map((name) => array(inputs[name], dims[name]))
  const numbers =
    documents && DeviceArray.from(on, Int32Array.from(documents), [batchDims[0], positions] as Dim[], 'i32')
  const program = jit(on, (xs: readonly Tensor[], cotangents: readonly Tensor[], documents: readonly Tensor[]) => {
    const by = Object.fromEntries(names.map((name, i) => [name, xs[i]])) as Record<string, Tensor>
    const { q, k, v, decay, read, write, state } = by
    const recurrence: Recurrence = { q, k, v, decay, ...(read && { erase: { read, write } }), documents: documents[0] }
    const { output, state: last } = chunkedRecurrence(recurrence, state, shape)
    return [output, last, ...gradients([output, last], [...cotangents], [...xs])] as Tensor[]
  })
  const results = (await program(
    given as never,
    weights.map((x, i) => array(x, outs[i])) as never,
    (numbers ? [numbers] : []) as never,
  )) as DeviceArray[]
  const [output, state, ...grads] = await Promise.all(results.map((x) => x.readFloats()))
  program.dispose()
  return { output, state, grads: Object.fromEntries(names.map((name, i) => [name, grads[i]])) }
}

async function compare(parts: Parts, sizes: Sizes, seed: number, on: Engine): Promise<void> {
  const given = setting(parts, sizes, seed)
  const wanted = naiveRecurrence(given.inputs, sizes)
  const weights = [drawn(wanted.output.length, 31), drawn(wanted.state.length, 32)] as const
  const slopes = naiveGradients(given.inputs, sizes, ...weights)
  const found = await byKernel(on, given, weights)
  const check = (what: string, got: ArrayLike<number>, to: ArrayLike<number>) => {
    const error = relativeError(got, to)
    assert.ok(error <= 1e-5, `${what} differs by ${error} (${JSON.stringify({ ...parts, ...sizes })})`)
  }
  check('the output', found.output, wanted.output)
  check('the state', found.state, wanted.state)
  for (const name of Object.keys(given.inputs)) check(`the gradient of ${name}`, found.grads[name], slopes[name])
}

const RECURRENCES: Record<string, Parts> = {
  'no decay': {},
  'a decay by head': { decay: 'scalar' },
  'a decay by key feature': { decay: 'key' },
  'the delta rule': { delta: 1 },
  'the delta rule with negative eigenvalues': { delta: 2 },
  'the gated delta rule': { delta: 1, decay: 'scalar' },
  'the delta rule with decays by key feature': { delta: 1, decay: 'key' },
  'diagonal plus rank one': { free: true, decay: 'key', fastest: 0.6 },
}
const range = (from: number, to: number, next: () => number) => from + Math.floor(next() * (to - from + 1))

for (const [name, parts] of Object.entries(RECURRENCES)) {
  test(`${name}: twenty random shapes equal the loop`, async () => {
    const on = await openEngine({ engine: 'host' })
    const next = numbers(name.length)
    const sizes = (i: number): Sizes => ({
      batch: i % 3 === 0 ? 1 : range(1, 2, next),
      heads: i % 4 === 0 ? 1 : range(1, 2, next),
      length: [1, 2, 31, 32, 33, 70][i] ?? range(3, 50, next),
      // With one key feature a delta rule empties the state: nothing is left to compare.
      keys: range(parts.delta || parts.free ? 2 : 1, 5, next),
      values: range(1, 5, next),
    })
    for (let i = 0; i < 20; i++) await compare(parts, sizes(i), 100 * i, on)
    await on.close()
  })
  test(`${name}: XLA equals the loop`, async () =>
    compare(parts, { batch: 2, heads: 2, length: 75, keys: 5, values: 3 }, 5, await engine()))
}
