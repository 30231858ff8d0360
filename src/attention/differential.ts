import {
  and,
  barrier,
  dim,
  einsum,
  range,
  reshape,
  slice,
  softmax,
  transpose,
  where,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import { makeCache, writeToCache, written } from './cache.js'
import {
  bytesOfPair,
  keyWidth,
  type AttentionConfig,
  type AttentionKind,
  type AttentionShape,
  type Cache,
  type ParameterScope,
  type Projected,
  type Projections,
} from './contract.js'
import { sameDocument } from './dense.js'
import { contextSeen } from './global.js'
import { normal, zeros } from './initializers.js'
import { causalAttention } from './kernels/softmax.js'
import { rootMeanSquareOne } from './rms-norm.js'
import { inGroups, outOfGroups } from './softmax-heads.js'

const MASKED = -1e10
const pair = dim('pair', 2)

export interface Differential extends Projections {
  /** [batch, sequence, pair, heads, features_per_head]: the two queries of each pair of heads. */
  readonly q: Tensor
  /** [batch, memory_length, heads, features_per_head], of twice the features: both keys, or both halves of a value. */
  readonly k: Projected['k']
  readonly v: Projected['v']
  /** f32 scalars. */
  readonly lambda: Tensor
  readonly scale: Tensor
}

/**
 * Differential attention: heads in pairs (h, h + n_head / 2), each of which has two softmaxes and one value of both heads'
 * features. Out of a pair comes (softmax(q1 k1) - lambda softmax(q2 k2)) v, after an RMSNorm without gain times 1 - lambda_init.
 * lambda = exp(lambda_q1 . lambda_k1) - exp(lambda_q2 . lambda_k2) + lambda_init, one for a layer, and lambda_init = 0.8 - 0.6
 * exp(-0.3 layer). In blocks as global's; the cache is that of global. Source: Ye et al. 2024, "Differential Transformer"; as
 * transformers' DiffLlama.
 */
export const differentialAttention: AttentionKind<Differential, Tensor> = {
  keys: ['n_kv_head', 'qkv_bias'],
  causalOnly: true,
  attendsWithinDocuments: true,
  project(at, x, shape, { rotate }) {
    const { batch, sequence, memory, features, embd, config } = shape
    const linear = (name: string, stddev: number, heads: Dim): Tensor => {
      const to = [pair, heads, features]
      const y = at.linear(x, name, [embd, ...to], normal(stddev), [batch, sequence, ...to], to)
      return config.qkv_bias ? y.add(at.in('bias').param(name, to, zeros, to)) : y
    }
    const half = halfOf(shape)
    const ofKeys = dim('heads', (config.n_kv_head ?? config.n_head) / 2)
    const wide = wideFeatures(shape)
    const joined = (y: Tensor) =>
      reshape(transpose(y, [batch, sequence, ofKeys, pair, features]), [batch, sequence, ofKeys, wide]).rename(
        sequence,
        memory,
      )
    const lambda = (number: 1 | 2) => {
      const [a, b] = ['q', 'k'].map((name) => at.param(`lambda_${name}${number}`, [features], normal(0.1)).cast('f32'))
      return a.mul(b).sum(features).exp()
    }
    const initial = initialLambda(at)
    return {
      q: rotate(linear('q', (embd.size * features.size) ** -0.5, half)),
      k: joined(rotate(linear('k', embd.size ** -0.5, ofKeys))),
      v: joined(linear('v', embd.size ** -0.5, ofKeys)),
      lambda: lambda(1).sub(lambda(2)).add(initial),
      scale: lambda(1).mul(0).add(1).sub(initial),
    }
  },
  attend(projected, shape) {
    if (shape.packing) return attendAtOnce(projected, shape)
    const { batch, sequence, memory, features } = shape
    const { q, k, heads, group } = apart(projected, shape)
    const mixed = causalAttention(
      transpose(q, [batch, heads, pair, ...group, sequence, features]),
      transpose(k, [batch, heads, pair, memory, features]),
      transpose(projected.v, [batch, heads, memory, wideFeatures(shape)]),
      shape,
      MASKED,
    )
    return combined(mixed, projected, shape)
  },
  prefill: (projected, _, capacity, shape) => makeCache(projected, capacity, widened(shape)),
  decode(projected, cache, position, shape) {
    const [k, v] = barrier([
      written(cache.k, projected.k, position, widened(shape)),
      written(cache.v, projected.v, position, widened(shape)),
    ])
    const seen = range(k.dims[2]).lessEqual(position)
    return { output: attendToPairs(projected, { k, v }, seen, shape), cache: { k, v } }
  },
  extend(projected, cache, position, _, shape) {
    const [k, v] = barrier(Object.values(writeToCache(projected, cache, position, widened(shape))))
    const seen = range(k.dims[2]).lessEqual(range(shape.sequence).add(position))
    return { output: attendToPairs(projected, { k, v }, seen, shape), cache: { k, v } }
  },
  output(at, mixed, shape) {
    const { batch, sequence, embd, config } = shape
    const from = [halfOf(shape), wideFeatures(shape)]
    const initial = normal((config.n_head * shape.features.size) ** -0.5)
    const product = at.linear(mixed, 'o', [...from, embd], initial, [batch, sequence, embd], from)
    return config.bias === false
      ? { product }
      : { product, bias: at.in('compute_output_bias').param('o_b', [embd], zeros) }
  },
  /** A key costs its features in a logit and twice as many in the value. */
  costs(config: AttentionConfig) {
    const keys = keyWidth(config) * contextSeen(config)
    return { keysSeen: 1.5 * keys, keysRecomputed: keys, cache: { perToken: bytesOfPair(config), perSequence: 0 } }
  },
}

const halfOf = ({ heads }: AttentionShape) => dim('heads', heads.size / 2)
const wideFeatures = ({ features }: AttentionShape) => dim('features_per_head', 2 * features.size)
const widened = (shape: AttentionShape): AttentionShape => ({ ...shape, features: wideFeatures(shape) })

function initialLambda({ layer }: ParameterScope): Tensor | number {
  if (typeof layer === 'number') return 0.8 - 0.6 * Math.exp(-0.3 * layer)
  return layer.cast('f32').mul(-0.3).exp().mul(-0.6).add(0.8)
}

/** Queries in the groups that share keys, and keys by their pairs. */
function apart({ q, k }: Pick<Differential, 'q' | 'k'>, { batch, memory, features }: AttentionShape) {
  const heads = k.dims.find(({ name }) => name === 'heads')!
  const grouped = inGroups(q, heads.size)
  const group = grouped.dims.filter(({ name }) => name === 'query_group')
  return { q: grouped, k: reshape(k, [batch, memory, heads, pair, features]), heads, group }
}

/** The difference of what a pair attends to, normalised: from [..., pair, ...] to [batch, sequence, heads, features]. */
function combined(mixed: Tensor, { lambda, scale }: Differential, shape: AttentionShape): Tensor {
  const { batch, sequence, config } = shape
  const wide = wideFeatures(shape)
  const heads = mixed.dims.filter(({ name }) => name === 'heads' || name === 'query_group')
  const last = transpose(mixed, [pair, batch, sequence, ...heads, wide])
  const [first, second] = [0, 1].map((i) => reshape(slice(last, pair, i, 1), last.dims.slice(1)).cast('f32'))
  const normed = rootMeanSquareOne(first.sub(second.mul(lambda)), wide, config.norm_epsilon)
  return outOfGroups(normed.mul(scale).cast(mixed.dtype))
}

/** Keys and values as in a cache, of which `seen` says which a query sees. */
function attendToPairs(projected: Differential, { k, v }: Cache, seen: Tensor, shape: AttentionShape): Tensor {
  const { batch, sequence, features } = shape
  const [heads, , memory] = k.dims
  const grouped = inGroups(projected.q, heads.size)
  const group = grouped.dims.filter(({ name }) => name === 'query_group')
  const keys = reshape(k, [heads, batch, memory, pair, features])
  const logits = einsum([grouped, keys], [heads, ...group, pair, batch, sequence, memory]).cast('f32')
  const weights = softmax(where(seen, logits, MASKED), memory).cast(v.dtype)
  return combined(einsum([weights, v], [heads, ...group, pair, batch, sequence, v.dims[3]]), projected, shape)
}

/** All weights at once, where rows hold several documents. */
function attendAtOnce(projected: Differential, shape: AttentionShape): Tensor {
  const { batch, sequence, memory } = shape
  const heads = projected.k.dims.find(({ name }) => name === 'heads')!
  const inOrder = (x: Tensor) => transpose(x, [heads, batch, memory, wideFeatures(shape)])
  const seen = and(sameDocument(shape, shape.packing!), range(memory).lessEqual(range(sequence)))
  return attendToPairs(projected, { k: inOrder(projected.k), v: inOrder(projected.v) }, seen, shape)
}
