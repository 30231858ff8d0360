/** A kind of attention with its own projections and output fits in one object: here latent attention, whose cache is shared by heads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  normal,
  type AnyAttentionKind,
  type AttentionKind,
  type AttentionShape,
  type Projections,
} from '../../src/attention/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { attention, output, project } from '../../src/model/attention.js'
import type { Hidden } from '../../src/model/dims.js'
import { modelShape, type Parameters, type ParameterSpec, type Positions } from '../../src/model/index.js'
import { Scope } from '../../src/model/scope.js'
import {
  dim,
  einsum,
  fill,
  pad,
  range,
  reshape,
  softmax,
  trace,
  transpose,
  where,
  type Dim,
  type Tensor,
} from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'
import { configOf } from './support.js'

/** Keys and values are one vector per position; queries are projected into its space, so that no head has keys of its own. */
interface Latents extends Projections {
  readonly q: Tensor<'batch' | 'sequence' | 'heads' | 'latent'>
  readonly latents: Tensor<'batch' | 'memory_length' | 'latent'>
}
type LatentHeads = Tensor<'batch' | 'sequence' | 'heads' | 'latent'>

const latent = dim('latent', 5)

/** Of the queries of a shape's positions to latents, of which they see some. */
function attend(
  { q, latents }: Latents,
  { batch, sequence, heads }: AttentionShape,
  seen: Tensor<'sequence' | 'memory_length'>,
): LatentHeads {
  const memory = latents.dims.find(({ name }) => name === 'memory_length') as Dim<'memory_length'>
  const logits = einsum([q, latents], [batch, heads, sequence, memory])
  return einsum([softmax(where(seen, logits, -1e10), memory), latents], [batch, sequence, heads, latent])
}

const latentAttention: AttentionKind<Latents, LatentHeads> = {
  keys: [],
  project(at, x, { batch, sequence, memory, heads, embd }) {
    const q = at.param('q', [embd, heads, latent], normal(0.4))
    const down = at.param('kv_down', [embd, latent], normal(0.4))
    return {
      q: einsum([x, q], [batch, sequence, heads, latent]),
      latents: einsum([x, down], [batch, sequence, latent]).rename(sequence, memory),
    }
  },
  output(at, mixed, { batch, sequence, heads, embd }) {
    return { product: einsum([mixed, at.param('o', [heads, latent, embd], normal(0.4))], [batch, sequence, embd]) }
  },
  attend: (projected, shape) => attend(projected, shape, range(shape.memory).lessEqual(range(shape.sequence))),
  prefill: ({ latents }, _, capacity, { memory }) => ({
    latents: pad(latents, memory, 0, capacity - memory.size),
  }),
  decode({ q, latents }, cache, position, shape) {
    const memory = dim('memory_length', cache.latents.dims[1].size)
    const all = where(range(memory).equal(position), reshape(latents, [shape.batch, latent]), cache.latents)
    const extended = transpose(all as Latents['latents'], [shape.batch, memory, latent])
    const seen = range(memory).lessEqual(range(shape.sequence).add(reshape<never>(position, [])))
    return { output: attend({ q, latents: extended }, shape, seen), cache: { latents: extended } }
  },
  costs: () => ({ keysSeen: 0, keysRecomputed: 0, cache: { perToken: 4 * latent.size, perSequence: 0 } }),
}

test('a kind with its own projections and output decodes as it attends', async () => {
  const on = await engine()
  const kind: AnyAttentionKind = latentAttention
  const config = configOf()
  const shapeOf = (sequence: number) => modelShape(config, { batch: 1, sequence })
  const full = shapeOf(7)
  let specs: ParameterSpec[] = []
  trace(() => {
    const x = fill([full.batch, full.sequence, full.embd], 0, 'f32')
    specs = Scope.describe('f32', 'unroll', (at) => attention(at, x, kind, full))
    return []
  }, [])
  assert.deepEqual(
    specs.map(({ name, shape }) => `${name} ${shape.join('x')}`),
    ['gpt2/q 24x3x5', 'gpt2/kv_down 24x5', 'gpt2/o 3x5x24'],
  )

  const next = numbers(3)
  const drawn = (size: number) => Float32Array.from({ length: size }, () => next() - 0.5)
  const parameters = Object.fromEntries(
    specs.map(({ name, dims }) => [
      name,
      DeviceArray.from(on, drawn(dims.reduce((n, { size }) => n * size, 1)), dims, 'f32'),
    ]),
  )
  const values = drawn(7 * config.n_embd)
  const stream = (from: number, to: number) =>
    DeviceArray.from(
      on,
      values.slice(from * config.n_embd, to * config.n_embd),
      [dim('batch', 1), dim('sequence', to - from), full.embd],
      'f32',
    )
  const over = (p: Parameters) => Scope.over(specs, p, 'f32', 'unroll', null)
  const whole = jit(on, (p: Parameters, x: Hidden) => attention(over(p), x, kind, full).x)
  const prefill = jit(on, (p: Parameters, x: Hidden, lengths: Positions) =>
    kind.prefill(project(over(p), x, kind, shapeOf(4)), lengths, 9, shapeOf(4)),
  )
  const step = jit(on, (p: Parameters, x: Hidden, cache: Parameters, position: Positions) => {
    const shape = shapeOf(1)
    const { output: mixed, cache: extended } = kind.decode(
      project(over(p), x, kind, shape, position),
      cache,
      position,
      shape,
    )
    return { x: output(over(p), mixed, kind, shape).x, cache: extended }
  })
  const scalar = (value: number) => DeviceArray.from(on, Int32Array.of(value), [], 'i32')

  const wanted = await (await whole(parameters, stream(0, 7))).readFloats()
  let cache = await prefill(parameters, stream(0, 4), scalar(4))
  for (let position = 4; position < 7; position++) {
    const decoded = await step(parameters, stream(position, position + 1), cache, scalar(position))
    cache = decoded.cache
    const found = await decoded.x.readFloats()
    for (const [i, x] of found.entries())
      assert.ok(Math.abs(x - wanted[position * config.n_embd + i]) < 1e-5, `position ${position}`)
  }
})
