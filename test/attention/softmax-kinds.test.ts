/**
 * Differential, latent and forgetting attention against their definitions, all weights at once: logits of models of two
 * layers and the gradient of every parameter, on the host and on XLA.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit, type Engine } from '../../src/engine/index.js'
import { openHost } from '../../src/engine/host/engine.js'
import { printStableHlo } from '../../src/engine/xla/stablehlo.js'
import { GptNeo, type Model, type Parameters } from '../../src/model/index.js'
import { costsOf } from '../../src/plan/index.js'
import {
  broadcast,
  concat,
  cos,
  cumsum,
  dim,
  einsum,
  embed,
  literal,
  log,
  range,
  reshape,
  rsqrt,
  sigmoid,
  sin,
  sizeOf,
  slice,
  softmax,
  spec,
  trace,
  valueAndGrad,
  where,
  type Dim,
  type Tensor,
} from '../../src/tensor/index.js'
import { inspect } from '../config/base.js'
import { engine, numbers } from '../tensor/check.js'
import { configOf } from '../model/support.js'

type Ids = Tensor<'batch' | 'sequence'>
/** What a layer adds to the stream, from its normed input; `of` gives its parameters. */
type Layer = (of: (name: string) => Tensor, x: Tensor, model: Model, layer: number) => Tensor

const normed = (x: Tensor, along: Dim, { config }: Model): Tensor =>
  x.mul(rsqrt(x.square().mean(along).add(config.norm_epsilon)))

function rotate(x: Tensor, along: Dim, { sequence, config }: Model): Tensor {
  if (!config.rotary_emb) return x
  const half = dim(along.name, along.size / 2)
  const wavelengths = literal(
    [half],
    Array.from({ length: half.size }, (_, i) => 10_000 ** (-i / half.size)),
  )
  const angles = range(sequence).cast('f32').mul(wavelengths) as Tensor
  const [a, b] = [slice(x, along, 0, half.size), slice(x, along, half.size, half.size)] as Tensor[]
  return concat(
    [a.mul(cos(angles)).sub(b.mul(sin(angles))), b.mul(cos(angles)).add(a.mul(sin(angles)))] as Tensor[],
    along.name,
  )
}

/** softmax(logits) over earlier positions. */
const causal = (logits: Tensor, { sequence, memory }: Model): Tensor =>
  softmax(where(range(memory).lessEqual(range(sequence)), logits, -1e10) as Tensor, memory)

/** Head h of n has the key of head floor(h n_kv / n). */
function repeated(x: Tensor, { batch, memory, heads, features }: Model): Tensor {
  const own = x.dims.find(({ name }) => name === 'heads')!
  const times = dim('times', heads.size / own.size)
  return reshape(broadcast(x, [batch, memory, own, times, features]), [batch, memory, heads, features])
}

const differential: Layer = (of, x, model, layer) => {
  const { batch, sequence, memory, heads, features, embd, config } = model
  const keyHeads = dim('heads', config.n_kv_head ?? config.n_head)
  const project = (name: string, all: Dim) => {
    const pairs = [dim('pair', 2), dim('heads', all.size / 2), features]
    const y = einsum([x, of(name)], [batch, sequence, ...pairs]) as Tensor
    return reshape(config.qkv_bias ? y.add(of(`bias/${name}`)) : y, [batch, sequence, all, features]) as Tensor
  }
  const q = rotate(project('q', heads), features, model)
  const k = repeated(rotate(project('k', keyHeads), features, model).rename(sequence, memory), model)
  const v = project('v', keyHeads).rename(sequence, memory) as Tensor
  const weights = causal(einsum([q, k], [batch, heads, sequence, memory]), model)
  const half = dim('heads', heads.size / 2)
  const halves = (y: Tensor, all: Dim): Tensor[] =>
    [0, 1].map((i) => slice(y, all, (i * all.size) / 2, all.size / 2) as Tensor)
  const [w1, w2] = halves(weights, heads)
  const dot = (i: number) =>
    of(`lambda_q${i}`)
      .mul(of(`lambda_k${i}`))
      .sum(features)
      .exp()
  const initial = 0.8 - 0.6 * Math.exp(-0.3 * layer)
  const lambda = dot(1).sub(dot(2)).add(initial)
  const mixed = halves(v, keyHeads).map((y) => {
    const each = repeated(y, { ...model, heads: half as Model['heads'] })
    return einsum([w1.sub(w2.mul(lambda)), each] as Tensor[], [batch, sequence, half, features]) as Tensor
  })
  const wide = dim('features_per_head', 2 * features.size)
  const all = normed(concat(mixed, features.name), wide, model).mul(1 - initial)
  return einsum([all, of('o')] as Tensor[], [batch, sequence, embd])
}

const latent: Layer = (of, x, model) => {
  const { batch, sequence, memory, heads, features, embd, config } = model
  const { kv_lora_rank: rank = 4 * features.size, v_head_dim: values = features.size } = config
  const { qk_nope_head_dim: nope = features.size, qk_rope_head_dim: rope = 2 * Math.ceil(features.size / 4) } = config
  const f = (size: number) => dim('features_per_head', size)
  const l = (size: number) => dim('latent', size)
  const low = dim('query_latent', Math.max(1, config.q_lora_rank))
  const stream =
    config.q_lora_rank > 0
      ? normed(einsum([x, of('q_down')], [batch, sequence, low]), low, model).mul(of('q_norm/g'))
      : x
  const q: Tensor = einsum(
    [stream, of(config.q_lora_rank > 0 ? 'q_up' : 'q')],
    [batch, sequence, heads, f(nope + rope)],
  )
  const both: Tensor = einsum([x, of('kv_down')], [batch, sequence, l(rank + rope)])
  const c = normed(slice(both, l(rank + rope), 0, rank) as Tensor, l(rank), model).mul(of('kv_norm/g')) as Tensor
  const kv: Tensor = einsum([c, of('kv_up')], [batch, sequence, heads, f(nope + values)])
  const [k, v] = [slice(kv, f(nope + values), 0, nope), slice(kv, f(nope + values), nope, values)] as Tensor[]
  const inMemory = (y: Tensor): Tensor => y.rename(sequence, memory)
  let logits: Tensor = einsum([slice(q, f(nope + rope), 0, nope), inMemory(k)] as Tensor[], [
    batch,
    heads,
    sequence,
    memory,
  ])
  if (rope > 0) {
    const shared = rotate(slice(both, l(rank + rope), rank, rope).rename(l(rope), f(rope)) as Tensor, f(rope), model)
    const turned = rotate(slice(q, f(nope + rope), nope, rope) as Tensor, f(rope), model)
    logits = logits.add(einsum([turned, inMemory(shared)], [batch, heads, sequence, memory]))
  }
  const mixed = einsum([causal(logits, model), inMemory(v)], [batch, sequence, heads, f(values)])
  return einsum([mixed, of('o')] as Tensor[], [batch, sequence, embd])
}

const forgetting: Layer = (of, x, model) => {
  const { batch, sequence, memory, heads, features, embd, config } = model
  const keyHeads = dim('heads', config.n_kv_head ?? config.n_head)
  const project = (name: string, all: Dim, gain: number) => {
    const y: Tensor = einsum([x, of(name)], [batch, sequence, all, features])
    return rotate(
      config.qk_norm && name !== 'v'
        ? normed(y, features, model)
            .mul(of(`${name}_norm/g`))
            .mul(gain)
        : y,
      features,
      model,
    )
  }
  const inMemory = (y: Tensor) => repeated(y.rename(sequence, memory), model)
  const v = inMemory(einsum([x, of('v')], [batch, sequence, keyHeads, features]))
  const gate = sigmoid(einsum([x, of('f')], [batch, sequence, heads]).add(of('bias/f')) as Tensor)
  const c = cumsum(log(gate), sequence) as Tensor
  const decay = c.sub(c.rename(sequence, memory))
  const logits = einsum([project('q', heads, 1), inMemory(project('k', keyHeads, 1))], [batch, heads, sequence, memory])
  const mixed: Tensor = einsum([causal(logits.add(decay) as Tensor, model), v], [batch, sequence, heads, features])
  const open = config.attn_output_gate ? sigmoid(einsum([x, of('gate')], [batch, sequence, heads, features])) : null
  return einsum([open ? mixed.mul(open) : mixed, of('o')] as Tensor[], [batch, sequence, embd])
}

const LAYERS = { differential, latent, forgetting }
type Kind = keyof typeof LAYERS

function reference(p: Parameters, ids: Ids, model: Model, kind: Kind): Tensor {
  const { batch, sequence, vocab, embd } = model
  let x = embed(p['gpt2/wte'], vocab, ids) as Tensor
  for (const layer of model.layers.keys()) {
    const of = (name: string) => p[`gpt2/h${layer}/attn/${name}`]
    x = x.add(LAYERS[kind](of, normed(x, embd, model).mul(p[`gpt2/h${layer}/norm_1/g`]), model, layer))
  }
  return einsum([normed(x, embd, model).mul(p['gpt2/ln_f/g']), p['gpt2/wte']] as Tensor[], [batch, sequence, vocab])
}

const bare = { norm: 'rmsnorm', n_inner: 0, bias: false, pos_emb: 'none', n_embd: 12, n_vocab: 11 }
/** Two layers; one of a long sequence, whose sums over positions leave less of f32. */
const layersOf = (kind: Kind, n_ctx: number) => {
  const n_layer = n_ctx > 100 ? 1 : 2
  return { n_layer, attention_types: [[[kind], n_layer]] }
}
const modelOf = (kind: Kind, n_ctx: number, changes: Record<string, unknown>, layers?: 'scan') =>
  new GptNeo(configOf({ ...bare, n_ctx, n_head: 2, ...layersOf(kind, n_ctx), ...changes }), {
    layers,
  })

/** Logits, and the gradients of every parameter, of a model and of its reference. */
async function outcomes(on: Engine, kind: Kind, batch: number, length: number, changes: Record<string, unknown>) {
  const model = modelOf(kind, length, changes)
  const shape = model.shape(batch, length)
  const next = numbers(length + batch)
  const array = (dims: readonly Dim[], of: () => number) =>
    DeviceArray.from(on, Float32Array.from({ length: sizeOf(dims) }, of), dims, 'f32')
  const parameters = Object.fromEntries(
    model.specs.map(({ name, dims }) => [name, array(dims, () => 1.2 * next() - 0.6)]),
  )
  const dims = [shape.batch, shape.sequence]
  const ids = DeviceArray.from(
    on,
    Int32Array.from({ length: batch * length }, () => Math.floor(11 * next())),
    dims,
    'i32',
  )
  const weights = array([...dims, shape.vocab], () => next() - 0.5)
  const run = jit(on, (p: Parameters, ids: Ids, weights: Tensor) =>
    [(q: Parameters) => model.logits(q, ids) as Tensor, (q: Parameters) => reference(q, ids, shape, kind)].map(
      (logits) => {
        const total = (q: Parameters) =>
          logits(q)
            .mul(weights)
            .sum(...[...dims, shape.vocab]) as unknown as Tensor<never>
        return { logits: logits(p), ...valueAndGrad(total)(p)[1] }
      },
    ),
  )
  const results = (await run(parameters, ids as never, weights as never)) as Record<string, DeviceArray>[]
  return Promise.all(
    results.map(async (each) => {
      const entries = Object.entries(each).map(async ([name, x]) => [name, await x.readFloats()] as const)
      return new Map(await Promise.all(entries))
    }),
  )
}

function equal(found: ReadonlyMap<string, Float32Array>, wanted: ReadonlyMap<string, Float32Array>): void {
  assert.deepEqual([...found.keys()], [...wanted.keys()])
  for (const [name, values] of wanted) {
    const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0.1)
    const off = values.reduce((most, x, i) => Math.max(most, Math.abs(x - found.get(name)![i])), 0) / scale
    assert.ok(off < 1e-5, `${name} is off by ${off}`)
  }
}

const rotary = { rotary_emb: true }
const cases: [Kind, batch: number, length: number, changes: Record<string, unknown>][] = [
  ['differential', 1, 1, {}],
  ['differential', 2, 9, rotary],
  ['differential', 1, 17, { n_head: 4, n_kv_head: 2, head_dim: 3 }],
  ['differential', 3, 6, { n_head: 6, n_kv_head: 2, qkv_bias: true, ...rotary }],
  ['differential', 1, 139, { head_dim: 4, ...rotary }],
  ['differential', 2, 21, { n_head: 4, head_dim: 1 }],
  ['differential', 1, 270, { n_kv_head: 2 }],
  ['latent', 2, 9, rotary],
  ['latent', 1, 1, { n_head: 1 }],
  ['latent', 1, 13, {}],
  [
    'latent',
    2,
    7,
    { q_lora_rank: 5, kv_lora_rank: 3, qk_nope_head_dim: 5, qk_rope_head_dim: 2, v_head_dim: 7, ...rotary },
  ],
  ['latent', 1, 19, { qk_rope_head_dim: 0, n_head: 3 }],
  ['latent', 3, 5, { q_lora_rank: 2, n_head: 1, v_head_dim: 1 }],
  ['latent', 1, 141, { kv_lora_rank: 6, head_dim: 4, ...rotary }],
  ['forgetting', 1, 1, { n_head: 1 }],
  ['forgetting', 2, 11, {}],
  ['forgetting', 1, 23, { n_head: 4, n_kv_head: 2, head_dim: 3 }],
  ['forgetting', 3, 8, { n_kv_head: 1, qk_norm: true, attn_output_gate: true, ...rotary }],
  ['forgetting', 1, 143, { n_head: 3, head_dim: 4 }],
  ['forgetting', 2, 31, { n_head: 1, head_dim: 5 }],
]
for (const [kind, batch, length, changes] of cases)
  test(`${kind}, ${batch} x ${length}, ${JSON.stringify(changes)}: logits and gradients are those of the definition`, async () => {
    const [found, wanted] = await outcomes(openHost(), kind, batch, length, changes)
    equal(found, wanted)
  })

for (const kind of Object.keys(LAYERS) as Kind[])
  test(`${kind}: XLA computes what the host does`, async () => {
    const changes = { ...rotary, n_head: 4, n_kv_head: 2, head_dim: 4, q_lora_rank: 3 }
    const [found] = await outcomes(await engine(), kind, 2, 29, changes)
    const [, wanted] = await outcomes(openHost(), kind, 2, 29, changes)
    equal(found, wanted)
  })

test('layers in a scan have the lambda of their depth', () => {
  const ids = spec([dim('batch', 1), dim('sequence', 5)], 'i32')
  const text = (layers?: 'scan') => {
    const model = modelOf('differential', 5, {}, layers)
    const values = Object.fromEntries(model.specs.map(({ name, dims }) => [name, spec(dims)]))
    return printStableHlo(
      trace(((p: Parameters, x: Ids) => model.logits(p, x)) as never, [values, ids] as never).program,
    )
  }
  const constants = [0, 1].map((layer) => String(Math.fround(0.8 - 0.6 * Math.exp(-0.3 * layer))).slice(0, 6))
  for (const each of constants) assert.ok(text().includes(each), each)
  assert.ok(text('scan').includes('-0.3'))
})

test('no kind makes a tensor that grows with the square of the length', () => {
  for (const kind of Object.keys(LAYERS) as Kind[]) {
    const largest = (length: number) => {
      const model = modelOf(kind, length, { n_embd: 64, n_layer: 1, attention_types: [[[kind], 1]] })
      const shape = model.shape(1, length)
      const values = Object.fromEntries(model.specs.map(({ name, dims }) => [name, spec(dims)]))
      const total = (q: Parameters, ids: Ids) =>
        model.logits(q, ids).sum(shape.batch, shape.sequence, shape.vocab) as unknown as Tensor<never>
      const step = (p: Parameters, ids: Ids) => valueAndGrad((q: Parameters) => total(q, ids))(p)[1]
      const ids = spec([shape.batch, shape.sequence], 'i32')
      const { program } = trace(step as never, [values, ids] as never)
      const shapes = [...printStableHlo(program).matchAll(/tensor<([\dx]+)xf32>/g)].map(([, dims]) => dims)
      return Math.max(...shapes.map((dims) => dims.split('x').reduce((a, b) => a * Number(b), 1)))
    }
    const [short, long] = [largest(2048), largest(8192)]
    assert.ok(long <= 4 * short, `${kind}: ${short} elements, then ${long}`)
  }
})

test('parameters, flops and caches, counted by hand', () => {
  const costs = (kind: Kind, changes: Record<string, unknown> = {}) => {
    const { layers, cache } = costsOf(modelOf(kind, 16, { n_head: 4, ...changes }).config)
    return { ...layers[0], ...cache }
  }
  const seen = 8.5
  const [d, f, l] = [
    costs('differential', { n_kv_head: 2 }),
    costs('forgetting'),
    costs('latent', { q_lora_rank: 5, kv_lora_rank: 7, qk_rope_head_dim: 2, v_head_dim: 5 }),
  ]
  const matrices = 2 * 12 * 12 + 2 * 12 * 6
  assert.equal(d.parameters, matrices + 4 * 3 + 12)
  assert.equal(d.flops, 2 * matrices + seen * (2 * 12 + 2 * 2 * 12)) // logits of all heads, and values of twice the width
  assert.equal(d.perToken, 2 * 2 * 6 * 4)
  assert.equal(f.parameters, 4 * 12 * 12 + 12 * 4 + 4 + 12)
  assert.equal(f.flops, 2 * (4 * 12 * 12 + 12 * 4) + seen * 4 * 12)
  assert.equal(f.perToken, 2 * (2 * 12 * 4 + 4 * 4))
  const latents = 12 * 5 + 5 * 4 * 5 + 12 * 9 + 7 * 4 * 8 + 4 * 5 * 12
  assert.equal(l.parameters, latents + 5 + 7 + 12)
  assert.equal(l.flops, 2 * latents + seen * 2 * 4 * (5 + 5))
  assert.equal(l.perToken, 2 * 9 * 4)
})

test('what the kinds cannot do is refused', () => {
  const problem = (kind: Kind, changes: Record<string, unknown>) =>
    inspect({ attention_types: [[[kind], 2]], ...changes }).problems.join()
  assert.match(problem('differential', { n_head: 1 }), /^n_head: must be even with differential attention/)
  assert.match(problem('differential', { n_kv_head: 1 }), /^n_kv_head: must be even with differential attention/)
  assert.match(problem('latent', { rotary_emb: true, qk_rope_head_dim: 3 }), /^qk_rope_head_dim: must be even/)
  for (const kind of ['differential', 'forgetting'] as const)
    assert.match(
      problem(kind, { mlm_training: true, mlm_mask_id: 1 }),
      /^mlm_training: must be false with (differential|forgetting) attention/,
    )
  assert.equal(problem('latent', { mlm_training: true, mlm_mask_id: 1 }), '')
  assert.match(problem('differential', { mesh_shape: 'y:4', layout: 'heads:y' }), /n_head \/ 2/)
})
