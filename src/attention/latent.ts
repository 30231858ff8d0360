import {
  barrier,
  broadcast,
  concat,
  dim,
  dynamicUpdateSlice,
  einsum,
  pad,
  range,
  reshape,
  slice,
  softmax,
  transpose,
  where,
  type Tensor,
} from '../tensor/index.js'
import { headsFirst } from './causal.js'
import {
  headFeatures,
  type AttentionConfig,
  type AttentionKind,
  type AttentionOutput,
  type AttentionShape,
  type AttentionWeights,
  type ParameterScope,
  type Positions,
  type ProjectContext,
  type Projected,
  type Projections,
} from './contract.js'
import { denseWeights } from './dense.js'
import { contextSeen } from './global.js'
import { normal, zeros } from './initializers.js'
import { causalAttention } from './kernels/softmax.js'
import { rmsNorm } from './rms-norm.js'

const MASKED = -1e10

export interface Latent extends Projections {
  /** [batch, sequence, heads, features_per_head]: the features against a key of the head's own, then against the shared one. */
  readonly q: AttentionOutput
  /** [batch, memory_length, latent]: what keys and values are made of, then the shared key. */
  readonly latents: Tensor
  /** [latent, heads, features_per_head]: from latents to a head's keys, then its values. */
  readonly up: Tensor
}

/**
 * Multi-head latent attention: keys and values of all heads are linear in one latent of kv_lora_rank features, which is all
 * that the cache has, beside one key of qk_rope_head_dim features that all heads share and that alone is rotated (with
 * rotary_emb; without, no position is in it). q_lora_rank > 0: queries through a latent too. Training expands keys and values and
 * works in blocks as global's; decoding multiplies queries into the space of latents instead, so that no key is expanded. Latents
 * have an RMSNorm. Source: DeepSeek-AI 2024, "DeepSeek-V2"; without positions as in Kimi Linear.
 */
export const latentAttention: AttentionKind<Latent, AttentionOutput> = {
  keys: ['kv_lora_rank', 'q_lora_rank', 'qk_nope_head_dim', 'qk_rope_head_dim', 'v_head_dim'],
  project(at, x, shape, context) {
    const { batch, sequence, memory, embd, heads, config } = shape
    const { rank, rope, nope, values } = latentSizes(config)
    const down = dim('latent', rank + rope)
    const both: Tensor = at.linear(x, 'kv_down', [embd, down], normal(embd.size ** -0.5), [batch, sequence, down])
    const latent = dim('latent', rank)
    const normed = rmsNorm(at.in('kv_norm'), slice(both, down, 0, rank), latent, config.norm_epsilon)
    const key = split(both, 'latent', rank, rope)[1]
    const ofKey = (name: string) => dim(name, rope)
    const turned = key && rotated(key.rename(ofKey('latent'), ofKey('features_per_head')), rope, context)
    const parts = turned ? [normed, turned.rename(ofKey('features_per_head'), ofKey('latent'))] : [normed]
    const expanded = dim('features_per_head', nope + values)
    return {
      q: queries(at, x, shape, context),
      latents: concat(parts, 'latent').rename(sequence, memory),
      up: at.param('kv_up', [latent, heads, expanded], normal(rank ** -0.5), [heads, expanded]),
    }
  },
  attendsWithinDocuments: true,
  attend(projected, shape) {
    const { batch, sequence, heads } = shape
    const whole = expanded(projected, shape)
    const { rope, nope, values: width } = latentSizes(shape.config)
    const values = dim('features_per_head', width)
    if (!shape.causal || shape.packing) {
      const weights = denseWeights(whole, plain(shape)).cast(whole.v.dtype)
      return einsum([weights, whole.v], [batch, sequence, heads, values])
    }
    const features = dim('features_per_head', nope + rope)
    const { q, k } = headsFirst(whole, { ...shape, features })
    const v = transpose(whole.v, [batch, heads, shape.memory, values])
    const mixed = causalAttention(q(sequence), k(shape.memory), v, shape, MASKED)
    return transpose(mixed, [batch, sequence, heads, values])
  },
  weights: (projected, shape): AttentionWeights => denseWeights(expanded(projected, shape), plain(shape)),
  prefill({ latents }, _, capacity, { memory }) {
    return { latents: pad(latents, memory, 0, capacity - memory.size) }
  },
  decode(projected, cache, position, shape) {
    const all = barrier([writeOne(cache.latents, projected.latents, position, shape)])[0]
    const seen = range(all.dims[1]).lessEqual(position)
    return { output: attendToLatents(projected, all, seen, shape), cache: { latents: all } }
  },
  extend(projected, cache, position, _, shape) {
    const all = barrier([dynamicUpdateSlice(cache.latents, cache.latents.dims[1], position, projected.latents)])[0]
    const seen = range(all.dims[1]).lessEqual(range(shape.sequence).add(position))
    return { output: attendToLatents(projected, all, seen, shape), cache: { latents: all } }
  },
  output(at, mixed, { batch, sequence, heads, embd, config }) {
    const values = mixed.dims.at(-1)!
    const initial = normal((heads.size * values.size) ** -0.5)
    const product = at.linear(mixed, 'o', [heads, values, embd], initial, [batch, sequence, embd], [heads, values])
    return config.bias === false
      ? { product }
      : { product, bias: at.in('compute_output_bias').param('o_b', [embd], zeros) }
  },
  costs(config) {
    const { rank, rope, nope, values } = latentSizes(config)
    const keys = (contextSeen(config) * config.n_head) / (2 * config.n_embd)
    return {
      keysSeen: keys * (nope + rope + values),
      keysRecomputed: 2 * keys * (nope + rope),
      cache: { perToken: (rank + rope) * (config.precision === 'bfloat16' ? 2 : 4), perSequence: 0 },
    }
  },
}

/** Features of latents, of the shared key, and of a head's own key and value. */
export function latentSizes(config: Parameters<typeof headFeatures>[0] & Partial<AttentionConfig>) {
  const features = headFeatures(config)
  return {
    rank: config.kv_lora_rank ?? 4 * features,
    rope: config.qk_rope_head_dim ?? 2 * Math.ceil(features / 4),
    nope: config.qk_nope_head_dim ?? features,
    values: config.v_head_dim ?? features,
  }
}

function queries(
  at: ParameterScope,
  x: Tensor<'batch' | 'sequence' | 'embd'>,
  { batch, sequence, embd, heads, config }: AttentionShape,
  context: ProjectContext,
): AttentionOutput {
  const { rope, nope } = latentSizes(config)
  const features = dim('features_per_head', nope + rope)
  const to = [batch, sequence, heads, features] as const
  const initial = (from: number) => normal((from * features.size) ** -0.5)
  const through = () => {
    const low = dim('query_latent', config.q_lora_rank)
    const y = at.linear(x, 'q_down', [embd, low], normal(embd.size ** -0.5), [batch, sequence, low])
    const normed = rmsNorm(at.in('q_norm'), y, low, config.norm_epsilon)
    return at.linear(normed, 'q_up', [low, heads, features], initial(low.size), to, [heads, features])
  }
  const q: AttentionOutput =
    config.q_lora_rank > 0
      ? through()
      : at.linear(x, 'q', [embd, heads, features], initial(embd.size), to, [heads, features])
  if (rope === 0) return q
  const last = rotated(slice(q, features, nope, rope), rope, context)
  return concat([slice(q, features, 0, nope), last], 'features_per_head')
}

/** All features of a key or of queries turned by their positions, if the model has rotary ones. */
function rotated(x: Tensor, rope: number, { rotate }: ProjectContext): Tensor {
  return rotate(x, dim('features_per_head', rope))
}

/** Keys and values of every head. */
function expanded({ q, latents, up }: Latent, { batch, memory, heads, config }: AttentionShape): Projected {
  const { rank, rope, nope, values } = latentSizes(config)
  const all = dim('features_per_head', nope + values)
  const [own, shared] = split(latents, 'latent', rank, rope)
  const both = einsum([own, up], [batch, memory, heads, all])
  const k = slice(both, all, 0, nope)
  const ofRope: typeof all = { ...all, size: rope }
  const key = shared && broadcast(shared.rename({ name: 'latent', size: rope }, ofRope), [batch, memory, heads, ofRope])
  return { q, k: key ? concat([k, key], 'features_per_head') : k, v: slice(both, all, nope, values) }
}

/** Attention in the space of latents, which are keys and values of all heads. */
function attendToLatents(
  { q, up }: Latent,
  latents: Tensor,
  seen: Tensor,
  { batch, sequence, heads, config }: AttentionShape,
): AttentionOutput {
  const { rank, rope, nope, values } = latentSizes(config)
  const [toKeys, toValues] = split(up, 'features_per_head', nope, values)
  const [ownQuery, sharedQuery] = split(q, 'features_per_head', nope, rope)
  const latent = dim('latent', rank)
  const low: Tensor = einsum([ownQuery, toKeys], [batch, sequence, heads, latent])
  const all = sharedQuery
    ? concat([low, sharedQuery.rename(dim('features_per_head', rope), dim('latent', rope))], 'latent')
    : low
  const memory = latents.dims[1]
  const logits = einsum([all, latents], [batch, heads, sequence, memory]).cast('f32')
  const weights = softmax(where(seen, logits, MASKED), memory).cast(latents.dtype)
  const mixed = einsum([weights, split(latents, 'latent', rank, rope)[0]], [batch, sequence, heads, latent])
  return einsum([mixed, toValues!], [batch, sequence, heads, dim('features_per_head', values)])
}

/** The first and the other features of a dim; null if there are no others. */
function split(x: Tensor, name: string, first: number, second: number): [Tensor, Tensor | null] {
  const along = dim(name, first + second)
  return [slice(x, along, 0, first), second > 0 ? slice(x, along, first, second) : null]
}

/** The cache with a latent per row written into it, at one slot of all rows or at each row's. */
function writeOne(cache: Tensor, x: Tensor, slot: Positions, { batch }: AttentionShape): Tensor {
  const [memory, latent] = [cache.dims[1], cache.dims[2]]
  if (slot.dims.length === 0) return dynamicUpdateSlice(cache, memory, reshape<never>(slot, []), x)
  return where(range(memory).equal(slot), reshape(x, [batch, latent]), cache)
}

/** Without options of other softmax kinds. */
const plain = (shape: AttentionShape): AttentionShape => ({
  ...shape,
  config: { ...shape.config, num_mem_kv: 0, attn_logit_softcap: 0, pos_emb: 'none' },
})
