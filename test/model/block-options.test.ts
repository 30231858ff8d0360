/** Options of blocks against the formulas of their papers: logits and the gradient of every parameter; what they cost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  concat,
  cos,
  dim,
  einsum,
  embed,
  literal,
  range,
  sigmoid,
  sin,
  slice,
  softmax,
  rsqrt,
  where,
  type Tensor,
} from '../../src/tensor/index.js'
import type { Model, Parameters } from '../../src/model/index.js'
import { costsOf } from '../../src/plan/index.js'
import { inspect } from '../config/base.js'
import { assertIsFormula, configOf, lively } from './support.js'

const LENGTH = 7
type Ids = Tensor<'batch' | 'sequence'>

/** Llama's layers: RMSNorm, rotary positions with a base, of a part of the features, SwiGLU, no biases, a head of its own. */
function llama(
  p: Parameters,
  ids: Ids,
  { batch, sequence, memory, heads, features, embd, intermediate, vocab, config }: Model,
): Tensor {
  const norm = (x: Tensor, name: string): Tensor =>
    x.mul(rsqrt(x.square().mean(embd).add(config.norm_epsilon))).mul(p[name])
  const turned = Math.floor(features.size * config.rotary_pct)
  const half = dim('features_per_head', turned / 2)
  const wavelengths = literal(
    [half],
    Array.from({ length: half.size }, (_, i) => config.rope_theta ** (-i / half.size)),
  )
  const angles = range(sequence).cast('f32').mul(wavelengths) as Tensor
  const rotate = (x: Tensor): Tensor => {
    const [a, b] = [slice(x, features, 0, half.size), slice(x, features, half.size, half.size)] as Tensor[]
    const pass = slice(x, features, turned, features.size - turned) as Tensor
    const pairs = [a.mul(cos(angles)).sub(b.mul(sin(angles))), b.mul(cos(angles)).add(a.mul(sin(angles)))]
    return concat([...pairs, pass] as Tensor[], 'features_per_head')
  }
  let x = embed(p['gpt2/wte'], vocab, ids) as Tensor
  for (let layer = 0; layer < config.n_layer; layer++) {
    const of = (name: string) => p[`gpt2/h${layer}/${name}`]
    const y = norm(x, `gpt2/h${layer}/norm_1/g`)
    const project = (name: string) => einsum([y, of(`attn/${name}`)], [batch, sequence, heads, features]) as Tensor
    const [q, k, v] = [
      rotate(project('q')),
      rotate(project('k')).rename(sequence, memory),
      project('v').rename(sequence, memory),
    ]
    const logits = einsum([q, k], [batch, heads, sequence, memory])
    const weights = softmax(where(range(memory).lessEqual(range(sequence)), logits, -1e10) as Tensor, memory)
    const mixed = einsum([weights, v] as Tensor[], [batch, sequence, heads, features])
    x = x.add(einsum([mixed, of('attn/o')], [batch, sequence, embd]))
    const wide = dim('intermediate_expanded', 2 * intermediate.size)
    const both = einsum(
      [norm(x, `gpt2/h${layer}/norm_2/g`), of('mlp/conv1d_main/c_fc/kernel')],
      [batch, sequence, wide],
    )
    const [up, gate] = [0, 1].map((i) => slice(both, wide, i * intermediate.size, intermediate.size)) as Tensor[]
    const hidden = up.mul(gate.mul(sigmoid(gate)))
    x = x.add(einsum([hidden, of('mlp/conv1d_main/c_proj/kernel')], [batch, sequence, embd]))
  }
  return einsum([norm(x, 'gpt2/ln_f/g'), p['gpt2/lm_head']], [batch, sequence, vocab]) as Tensor
}

const MODERN = {
  norm: 'rmsnorm',
  norm_epsilon: 1e-3,
  mlp_glu: true,
  activation_fn: 'silu',
  n_inner: 20,
  head_dim: 10,
  bias: false,
  rotary_emb: true,
  rope_theta: 300,
  rotary_pct: 0.6,
  tie_word_embeddings: false,
}

test('RMSNorm, SwiGLU, partial rotary positions and an untied head are the formulas, with every gradient', async () => {
  await assertIsFormula(await lively(MODERN, 0.5), LENGTH, llama)
})

test('parameters, flops and caches of the options, counted by hand', () => {
  const { layers, outside, cache, flops, trainingFlops } = costsOf(configOf(MODERN))
  // q, k, v and o of 3 heads of 10; three matrices of 20; two norms of one gain.
  assert.deepEqual(
    layers.map(({ parameters }) => parameters),
    Array(2).fill(4 * 24 * 30 + 3 * 24 * 20 + 2 * 24),
  )
  assert.deepEqual(
    layers.map((layer) => layer.flops),
    Array(2).fill(2 * (4 * 24 * 30 + 3 * 24 * 20) + 4 * 30 * 12.5),
  )
  assert.deepEqual(outside.map(({ name, count }) => [name, count]).sort(), [
    ['lm_head', 61 * 24],
    ['ln_f/g', 24],
    ['wte', 61 * 24],
  ])
  assert.deepEqual(cache, { perToken: 2 * 2 * 30 * 4, perSequence: 0 })
  assert.equal(flops, layers[0].flops + layers[1].flops + 2 * 61 * 24)
  assert.equal(trainingFlops, 3 * flops + 2 * 2 * 30 * 12.5)

  const bare = costsOf(configOf({ n_inner: 0, pos_emb: 'none', recompute_grad: true }))
  assert.deepEqual(
    bare.layers[0].variables.map(({ name }) => name),
    ['norm_1/g', 'norm_1/b', 'attn/q', 'attn/k', 'attn/v', 'attn/o', 'attn/compute_output_bias/o_b'],
  )
  assert.deepEqual(bare.outside.map(({ name }) => name).sort(), ['ln_f/b', 'ln_f/g', 'wte'])
  // What is computed again: the weights of attention, and the layers but for their last product, o.
  const layer = 8 * 24 * 24 + 4 * 24 * 12.5
  assert.equal(bare.trainingFlops, 3 * bare.flops + 2 * (2 * 24 * 12.5 + layer - 2 * 24 * 24))
})

test('parameters, flops and caches of grouped heads, sinks, norms of queries and gates, counted by hand', () => {
  const kinds = { attention_types: [[['global', 'local'], 1]], local_attention_radius: 5 }
  const options = {
    n_head: 6,
    n_kv_head: 2,
    qkv_bias: true,
    qk_norm: true,
    attention_sinks: true,
    attn_output_gate: true,
  }
  const { layers, cache } = costsOf(configOf({ ...kinds, ...options, n_inner: 0 }))
  const matrices = 24 * 24 * 3 + 2 * 24 * 8 // q, gate and o; k and v of two heads of 4
  assert.deepEqual(
    layers.map(({ parameters }) => parameters),
    Array(2).fill(matrices + (24 + 8 + 8) + (4 + 4) + 6 + 24 + 2 * 24), // biases, two gains, sinks, o's bias, norm
  )
  assert.equal(layers[0].flops, 2 * matrices + 4 * 24 * 12.5)
  assert.deepEqual(cache, { perToken: 2 * 8 * 4, perSequence: 5 * 2 * 8 * 4 })
})

test('options that exclude each other are refused, those without effect noted', () => {
  const problem = (changes: Record<string, unknown>) => inspect(changes).problems.join()
  assert.match(
    problem({ norm: 'rmsnorm', scalenorm: true }),
    /^scalenorm: must be false with norm rmsnorm \(got true\)/,
  )
  assert.match(problem({ n_inner: 0, macaron: true }), /^macaron: must be false with n_inner 0/)
  assert.match(
    problem({ tie_word_embeddings: false, no_weight_tie: true }),
    /^no_weight_tie: must be false with tie_word_/,
  )
  assert.match(
    problem({ rotary_emb: true, rotary_pct: 0.4 }),
    /^rotary_pct: rotary_pct times n_embd \/ n_head, 8, must be even and >= 2 \(got 3\)/,
  )
  assert.match(problem({ rotary_emb: true, head_dim: 5 }), /^rotary_emb: head_dim must be even/)
  assert.equal(problem({ n_head: 5, head_dim: 8 }), '')
  assert.match(problem({ n_kv_head: 3 }), /^n_kv_head: must divide n_head, 4 \(got 3\)\. Use 1, 2 or 4/)
  assert.match(problem({ n_kv_head: 1, mesh_shape: 'y:2', layout: 'heads:y' }), /n_kv_head/)
  assert.match(
    problem({ pos_emb: 'alibi', mlm_training: true, mlm_mask_id: 1 }),
    /^mlm_training: must be false with pos_emb alibi/,
  )
  assert.match(problem({ pos_emb: 'alibi', num_mem_kv: 2 }), /^num_mem_kv: must be 0 with pos_emb alibi/)
  assert.match(problem({ n_inner: 50, mesh_shape: 'y:4', layout: 'intermediate_expanded:y' }), /n_inner/)
  assert.deepEqual(inspect({ n_inner: 0, mlp_glu: true }).notes, ['mlp_glu has no effect: n_inner is 0'])
  assert.deepEqual(inspect({ rotary_emb: true, pos_emb: 'none' }).notes, [
    'pos_emb has no effect: rotary_emb replaces it',
  ])
})
