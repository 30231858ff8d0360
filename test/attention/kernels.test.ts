/**
 * Attention to earlier positions, which is computed in blocks, against all its weights at once: results and gradients, at
 * lengths of one block and of several, and with a last block that is not full.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { printStableHlo } from '../../src/engine/xla/stablehlo.js'
import {
  attentionKind,
  type AttentionKindName,
  type AttentionOutput,
  type Projected,
} from '../../src/attention/index.js'
import { modelShape, type Model } from '../../src/model/index.js'
import {
  and,
  einsum,
  gradients,
  range,
  sizeOf,
  softmax,
  spec,
  trace,
  where,
  type Dim,
  type Tensor,
} from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'
import { configOf } from '../model/support.js'

const HEADS = 2
const FEATURES = 3

function modelFor(kind: AttentionKindName, length: number, changes: Record<string, unknown>): Model {
  const attention_types = [[[kind], 1]]
  const shape = { n_embd: HEADS * FEATURES, n_head: HEADS, n_layer: 1, n_ctx: length }
  return modelShape(configOf({ ...shape, attention_types, ...changes }), { batch: 2 })
}

/** The definitions: every query and key. */
const plain = (kind: AttentionKindName, model: Model) => (projected: Projected) => {
  const { batch, sequence, memory, heads, features, config } = model
  const { q, k, v } = projected as Record<'q' | 'k' | 'v', Tensor>
  const all = [batch, heads, sequence, memory]
  const seen = (radius: number): Tensor =>
    and(range(memory).lessEqual(range(sequence)), range(memory).greater(range(sequence).sub(radius))) as Tensor
  const weights = (): Tensor => {
    if (kind !== 'linear') {
      const radius = kind === 'local' ? config.local_attention_radius : sequence.size
      return softmax(where(seen(radius), einsum([q, k], all).cast('f32'), -1e9) as Tensor, memory).cast(v.dtype)
    }
    const products = einsum([softmax(q, features), k.exp()], all)
    const some = where(seen(sequence.size), products, 0) as Tensor
    return some.div(some.sum(memory).add(1e-6)) as Tensor
  }
  return einsum([weights(), v], [batch, sequence, heads, features]) as Tensor as AttentionOutput
}

/** Result and gradients of q, k, v, for a gradient of the result. */
async function outcome(model: Model, mix: (projected: Projected) => AttentionOutput): Promise<Float32Array[]> {
  const on = await engine()
  const next = numbers(3)
  const inputs = await Promise.all(
    inputDims(model).map(async (dims) => {
      const values = Float32Array.from({ length: sizeOf(dims) }, () => 4 * next() - 2)
      const array = DeviceArray.from(on, values, dims, 'f32')
      return model.compute === 'f32' ? array : jit(on, (x: Tensor) => x.cast(model.compute))(array)
    }),
  )
  const program = jit(on, (q: Tensor, k: Tensor, v: Tensor, grad: Tensor) => {
    const out = mix({ q, k, v })
    return [out, ...gradients([out], [grad], [q, k, v])] as Tensor[]
  })
  const results = (await program(...(inputs as [any, any, any, any]))) as DeviceArray[]
  return Promise.all(results.map((x) => x.readFloats()))
}

const inputDims = ({ batch, sequence, memory, heads, features }: Model): Dim[][] =>
  [sequence, memory, memory, sequence].map((positions) => [batch, positions, heads, features])

/** Largest difference over the largest element. */
function difference(got: Float32Array, wanted: Float32Array): number {
  const scale = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return got.reduce((most, x, i) => Math.max(most, Math.abs(x - wanted[i])), 0) / scale
}

const cases: [AttentionKindName, number, number?][] = [
  ['global', 100],
  ['global', 2111],
  ['local', 300, 4],
  ['local', 301, 256],
  ['local', 700, 300],
  ['local', 150, 150],
  ['linear', 5],
  ['linear', 65],
  ['linear', 1100],
]
for (const [kind, length, radius] of cases)
  test(`${kind}, length ${length}${radius ? `, radius ${radius}` : ''}: results and gradients`, async () => {
    const model = modelFor(kind, length, radius ? { local_attention_radius: radius } : {})
    const [got, wanted] = [
      await outcome(model, (projected) => attentionKind(kind).attend(projected, model)),
      await outcome(model, plain(kind, model)),
    ]
    got.forEach((values, i) => {
      const error = difference(values, wanted[i])
      assert.ok(error < 2e-5, `${['the result', 'dq', 'dk', 'dv'][i]} differs by ${error}`)
    })
  })

test('bfloat16, in blocks and at once, within its rounding', async () => {
  const model = modelFor('local', 300, { local_attention_radius: 129, precision: 'bfloat16' })
  const got = await outcome(model, (projected) => attentionKind('local').attend(projected, model))
  const wanted = await outcome(model, plain('local', model))
  got.forEach((values, i) => assert.ok(difference(values, wanted[i]) < 0.02, `${i}: ${difference(values, wanted[i])}`))
})

test('no kind makes a tensor that grows with the square of the length, or holds a state for each position', () => {
  for (const kind of ['global', 'local', 'linear'] as const) {
    const largest = (length: number) => {
      const model = modelFor(kind, length, { local_attention_radius: 256, n_embd: 32 })
      const f = (q: Tensor, k: Tensor, v: Tensor, grad: Tensor) => {
        const out = attentionKind(kind).attend({ q, k, v }, model)
        return gradients([out], [grad], [q, k, v]) as Tensor[]
      }
      const { program } = trace(
        f,
        inputDims(model).map((dims) => spec(dims)),
      )
      const shapes = [...printStableHlo(program).matchAll(/tensor<([\dx]+)xf32>/g)].map(([, dims]) => dims)
      return Math.max(...shapes.map((dims) => dims.split('x').reduce((a, b) => a * Number(b), 1)))
    }
    const [short, long] = [largest(2048), largest(8192)]
    assert.ok(long <= 4 * short, `${kind}: ${short} elements, then ${long}`)
    if (kind === 'linear') assert.ok(long < 8192 * HEADS * 16 * 16, `linear: ${long} elements`)
  }
})
