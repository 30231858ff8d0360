/**
 * Softmax attention with today's options against their definition, all weights at once over repeated keys: results and every
 * gradient on random shapes, on the host and on XLA; memory does not grow with the square of the length.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attentionKind, type Projected } from '../../src/attention/index.js'
import { denseWeights } from '../../src/attention/dense.js'
import { DeviceArray, jit, type Engine } from '../../src/engine/index.js'
import { openHost } from '../../src/engine/host/engine.js'
import { printStableHlo } from '../../src/engine/xla/stablehlo.js'
import { modelShape, type Model } from '../../src/model/index.js'
import {
  and,
  broadcast,
  concat,
  dim,
  einsum,
  gradients,
  literal,
  range,
  reshape,
  sizeOf,
  slice,
  softmax,
  spec,
  tanh,
  trace,
  where,
  type Dim,
  type Tensor,
} from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'
import { configOf } from '../model/support.js'

interface Setting {
  readonly model: Model
  readonly kind: 'global' | 'local'
  readonly sinks: boolean
  readonly inputs: readonly Dim[][]
}

function settingOf(kind: Setting['kind'], batch: number, length: number, changes: Record<string, unknown>): Setting {
  const { n_head = 3, head_dim = 5 } = changes as Record<string, number>
  const config = configOf({ n_ctx: length, n_head, head_dim, n_layer: 1, attention_types: [[[kind], 1]], ...changes })
  const model = modelShape(config, { batch })
  const { sequence, memory, heads, features } = model
  const keyHeads = dim('heads', config.n_kv_head ?? n_head)
  const of = (positions: Dim, some: Dim): Dim[] => [model.batch, positions, some, features]
  const inputs = [of(sequence, heads), of(memory, keyHeads), of(memory, keyHeads), [heads], of(sequence, heads)]
  return { model, kind, sinks: config.attention_sinks, inputs }
}

/** The definition: every key repeated for each of its query heads, a sink as one more logit whose weight is left out. */
function plain({ model, kind, sinks }: Setting, [q, k, v, sink]: readonly Tensor[]): Tensor {
  const { batch, sequence, memory, heads, features, config } = model
  const repeated = (x: Tensor): Tensor => {
    const own = x.dims.find(({ name }) => name === 'heads')!
    const times = dim('times', heads.size / own.size)
    return reshape(broadcast(x, [batch, memory, own, times, features]), [batch, memory, heads, features])
  }
  let logits: Tensor = einsum([q, repeated(k)], [batch, heads, sequence, memory])
  const cap = config.attn_logit_softcap
  if (cap > 0) logits = tanh(logits.div(cap)).mul(cap)
  if (config.pos_emb === 'alibi') {
    const slopes = {
      1: [2 ** -8],
      2: [2 ** -4, 2 ** -8],
      3: [2 ** -4, 2 ** -8, 2 ** -2],
      4: [2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8],
    }
    const slope = literal([heads], (slopes as Record<number, number[]>)[heads.size])
    logits = logits.sub(slope.mul(range(sequence).sub(range(memory)).cast('f32')))
  }
  const radius = kind === 'local' ? config.local_attention_radius : Infinity
  const earlier = range(memory).lessEqual(range(sequence))
  const seen = Number.isFinite(radius) ? and(earlier, range(memory).greater(range(sequence).sub(radius))) : earlier
  const masked = where(seen, logits, -1e9) as Tensor
  if (!sinks) return einsum([softmax(masked, memory), repeated(v)], [batch, sequence, heads, features])
  const column = broadcast(sink, [batch, heads, sequence, dim('memory_length', 1)]) as Tensor
  const all = dim('memory_length', memory.size + 1)
  const weights = slice(softmax(concat([masked, column], 'memory_length'), all), all, 0, memory.size) as Tensor
  return einsum([weights, repeated(v)], [batch, sequence, heads, features])
}

const found = ({ model, kind, sinks }: Setting, [q, k, v, sink]: readonly Tensor[]): Tensor =>
  attentionKind(kind).attend({ q, k, v, ...(sinks && { sinks: sink }) } as Projected, model)

/** The result and the gradients of every input, by one function. */
async function outcome(on: Engine, setting: Setting, of: typeof plain): Promise<Float32Array[]> {
  const next = numbers(setting.inputs[0].length + setting.model.sequence.size)
  const arrays = setting.inputs.map((dims) =>
    DeviceArray.from(
      on,
      Float32Array.from({ length: sizeOf(dims) }, () => 3 * next() - 1.5),
      dims,
      'f32',
    ),
  )
  const run = jit(on, (...all: Tensor[]) => {
    const inputs = all.slice(0, setting.sinks ? 4 : 3)
    const out = of(setting, inputs)
    return [out, ...gradients([out], [all[4]], inputs)] as Tensor[]
  })
  const results = (await (run as any)(...arrays)) as DeviceArray[]
  const values = await Promise.all(results.map((x) => x.readFloats()))
  for (const array of [...arrays, ...results]) array.dispose()
  run.dispose()
  return values
}

function equal(x: readonly Float32Array[], y: readonly Float32Array[], tolerance: number): void {
  assert.equal(x.length, y.length)
  x.forEach((values, i) => {
    // Gradients that almost cancel are compared with the inputs, which are up to 1.5.
    const scale = y[i].reduce((most, each) => Math.max(most, Math.abs(each)), 0.05)
    const off = values.reduce((most, each, at) => Math.max(most, Math.abs(each - y[i][at])), 0) / scale
    assert.ok(off < tolerance, `${['the result', 'dq', 'dk', 'dv', 'dsinks'][i]} is off by ${off}`)
  })
}

const every = { n_head: 4, n_kv_head: 2, attention_sinks: true, attn_logit_softcap: 1.5 }
const cases: [name: string, kind: Setting['kind'], batch: number, length: number, changes: Record<string, unknown>][] =
  [
    ['grouped heads', 'global', 2, 13, { n_head: 4, n_kv_head: 2 }],
    ['one key head', 'global', 1, 37, { n_kv_head: 1 }],
    ['one head with a sink', 'global', 1, 1, { n_head: 1, attention_sinks: true }],
    ['sinks', 'global', 3, 20, { attention_sinks: true }],
    ['sinks in several slices', 'global', 1, 401, { n_head: 2, attention_sinks: true }],
    ['a soft cap', 'global', 1, 19, { attn_logit_softcap: 0.7 }],
    ['ALiBi', 'global', 2, 23, { pos_emb: 'alibi' }],
    ['ALiBi of one head in several slices', 'global', 1, 300, { n_head: 1, pos_emb: 'alibi' }],
    ['everything', 'global', 2, 31, every],
    ['everything with ALiBi in several slices', 'global', 1, 277, { ...every, pos_emb: 'alibi' }],
    ['grouped heads', 'local', 2, 29, { n_head: 4, n_kv_head: 2, local_attention_radius: 6 }],
    ['one key head in blocks', 'local', 1, 301, { n_kv_head: 1, local_attention_radius: 40 }],
    ['sinks', 'local', 1, 50, { attention_sinks: true, local_attention_radius: 9 }],
    ['sinks in blocks', 'local', 1, 290, { n_head: 2, attention_sinks: true, local_attention_radius: 128 }],
    ['a radius above the length', 'local', 1, 17, { ...every, local_attention_radius: 80 }],
    ['a soft cap', 'local', 1, 33, { attn_logit_softcap: 1.1, local_attention_radius: 1 }],
    ['ALiBi in blocks', 'local', 1, 260, { n_head: 2, pos_emb: 'alibi', local_attention_radius: 20 }],
    ['everything', 'local', 3, 11, { ...every, local_attention_radius: 4 }],
    ['everything with ALiBi', 'local', 1, 150, { ...every, pos_emb: 'alibi', local_attention_radius: 7 }],
    [
      'one head of one feature',
      'local',
      1,
      3,
      { n_head: 1, head_dim: 1, attention_sinks: true, local_attention_radius: 2 },
    ],
  ]
for (const [name, kind, batch, length, changes] of cases)
  test(`${kind}, ${name}, length ${length}: results and gradients are those of the definition`, async () => {
    const setting = settingOf(kind, batch, length, changes)
    const host = openHost()
    equal(await outcome(host, setting, found), await outcome(host, setting, plain), 1e-5)
  })

for (const kind of ['global', 'local'] as const)
  test(`${kind}, every option: XLA computes what the host does`, async () => {
    const setting = settingOf(kind, 2, 141, { ...every, pos_emb: 'alibi', local_attention_radius: 10 })
    equal(await outcome(await engine(), setting, found), await outcome(openHost(), setting, plain), 1e-5)
  })

test('weights at once have every option, and sum to less than 1 with sinks', async () => {
  const setting = settingOf('local', 2, 12, { ...every, pos_emb: 'alibi', local_attention_radius: 5 })
  const { model } = setting
  const dense = (_: Setting, [q, k, v, sinks]: readonly Tensor[]): Tensor => {
    const weights = denseWeights({ q, k, v, sinks } as Projected, model, 5)
    const pairs = dim('query_group', 2)
    const own = dim('heads', 2)
    const grouped = reshape(weights, [model.batch, own, pairs, model.sequence, model.memory])
    const mixed = einsum([grouped, v], [model.batch, model.sequence, own, pairs, model.features])
    return reshape(mixed, [model.batch, model.sequence, model.heads, model.features])
  }
  equal(await outcome(openHost(), setting, dense), await outcome(openHost(), setting, plain), 1e-5)
})

test('with every option no tensor grows with the square of the length', () => {
  for (const kind of ['global', 'local'] as const) {
    const largest = (length: number) => {
      const setting = settingOf(kind, 1, length, {
        ...every,
        pos_emb: 'alibi',
        head_dim: 16,
        local_attention_radius: 256,
      })
      const { program } = trace(
        (...all: Tensor[]) => {
          const inputs = all.slice(0, 4)
          return gradients([found(setting, inputs)], [all[4]], inputs) as Tensor[]
        },
        setting.inputs.map((dims) => spec(dims)),
      )
      const shapes = [...printStableHlo(program).matchAll(/tensor<([\dx]+)xf32>/g)].map(([, dims]) => dims)
      return Math.max(...shapes.map((dims) => dims.split('x').reduce((a, b) => a * Number(b), 1)))
    }
    const [short, long] = [largest(2048), largest(8192)]
    assert.ok(long <= 4 * short, `${kind}: ${short} elements, then ${long}`)
  }
})
