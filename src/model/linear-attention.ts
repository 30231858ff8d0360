import {
  dim,
  einsum,
  mapTensors,
  pad,
  range,
  reshape,
  scan,
  slice,
  softmax,
  transpose,
  where,
  zeros,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import type { AttentionRules, Cache, Mixed, Projected } from './attention.js'
import type { Model } from './dims.js'

/** Added to the sums of keys, so that a quotient is never 0 / 0. */
const EPSILON = 1e-6
/** Positions whose weights are made one by one; earlier ones come as a state. */
const CHUNK = 64

/**
 * Attention whose weights are products of features, not exponentials of logits, so that earlier positions can be
 * summed into a state of features x features: q = softmax(q over features), k = exp(k), and with S_i = sum_{j<=i}
 * k_j (x) v_j and z_i = sum_{j<=i} k_j + 1e-6, position i gets (q_i S_i) / (q_i . z_i). Cost grows with length times
 * features^2. States are made for chunks of positions, never for each. In f32.
 * Source: gpt-neo models/layers.py (causal_linear_attention), after Shen et al. 2018, "Efficient Attention".
 */
export const causalLinearAttention: AttentionRules = {
  mix,
  cacheSize: () => 1,
  start(projected, _, model) {
    const { k, v } = positive(projected, model)
    const { batch, heads, memory, features } = model
    return { state: einsum([k, v], [batch, heads, inner(model), features]) as Tensor, total: k.sum(memory) as Tensor }
  },
  step(projected, { state, total }: Cache, _, model) {
    const { batch, sequence, heads, memory, features } = model
    const { q, k, v } = positive(projected, model)
    const next = {
      state: state.add(einsum([k, v], [batch, heads, inner(model), features])) as Tensor,
      total: total.add(k.sum(memory)) as Tensor,
    }
    const top = einsum([q, next.state], [batch, sequence, heads, features])
    const mixed = top.div(einsum([q, next.total.add(EPSILON)], [batch, sequence, heads]))
    return { mixed: mixed.cast(projected.v.dtype) as Mixed, cache: next }
  },
}

/** The features of q and k, which the state has beside those of v. */
const inner = ({ features }: Model) => dim('features_per_head_in', features.size)

function positive({ q, k, v }: Projected, model: Model) {
  const { features } = model
  const renamed = (x: Tensor): Tensor => x.cast('f32').rename(features, inner(model))
  return { q: softmax(renamed(q), inner(model)), k: renamed(k).exp(), v: v.cast('f32') as Tensor }
}

function mix(projected: Projected, model: Model): Mixed {
  const { batch, sequence, memory, heads, features } = model
  const length = sequence.size
  const size = Math.min(CHUNK, length)
  const chunks = dim('chunks', Math.ceil(length / size))
  const queries = dim('query_block_length', size)
  const keys = dim('memory_block_length', size)
  const { q, k, v } = positive(projected, model)
  const into = inner(model)
  const side = [batch, heads, chunks]

  // Heads first, once for all products. Fillers come after every position, so no position sees them.
  const cut = (x: Tensor, along: Dim, within: Dim, own: Dim): Tensor => {
    const headed = transpose(x, [batch, heads, along, own] as Dim[])
    return reshape(pad(headed, along, 0, chunks.size * size - length), [...side, within, own]) as Tensor
  }
  const qs = cut(q, sequence, queries, into)
  const ks = cut(k, memory, keys, into)
  const vs = cut(v, memory, keys, features)

  // Chunks first, for the scan over them: the state before each.
  const leading = (x: Tensor): Tensor => transpose(x, [chunks, ...x.dims.filter(({ name }) => name !== 'chunks')])
  const sums = { state: leading(einsum([ks, vs], [...side, into, features])), total: leading(ks.sum(keys) as Tensor) }
  const start = mapTensors(sums, (x) => zeros(x.dims.slice(1)))
  const [, before] = scan(
    chunks,
    start,
    sums,
    (sum, chunk) =>
      [{ state: sum.state.add(chunk.state) as Tensor, total: sum.total.add(chunk.total) as Tensor }, sum] as const,
  )
  const within = (x: Tensor, ...own: Dim[]): Tensor => transpose(x, [...side, ...own])

  const seen = range(keys).lessEqual(range(queries))
  const near = where(seen, einsum([qs, ks], [...side, queries, keys]), 0) as Tensor
  const weights = near
    .sum(keys)
    .add(einsum([qs, within(before.total.add(EPSILON) as Tensor, into)], [...side, queries])) as Tensor
  const top = einsum([near, vs], [...side, queries, features]).add(
    einsum([qs, within(before.state, into, features)], [...side, queries, features]),
  )
  const filled = dim('sequence', chunks.size * size)
  const mixed = slice(reshape(top.div(weights) as Tensor, [batch, heads, filled, features]), filled, 0, length)
  return transpose(mixed.cast(projected.v.dtype) as Tensor, [batch, sequence, heads, features])
}

/**
 * Linear attention to both sides: q = softmax(q over features), k = softmax(k over positions), q (k^T v). Nothing is
 * masked.
 * Source: gpt-neo models/layers.py (linear_attention).
 */
export function linearAttention({ q, k, v }: Projected, model: Model): Mixed {
  const { batch, sequence, memory, heads, features } = model
  const into = inner(model)
  const queries = softmax(q.cast('f32').rename(features, into), into)
  const keys = softmax(k.cast('f32').rename(features, into), memory)
  const state = einsum([keys, v.cast('f32')], [batch, heads, into, features])
  return einsum([queries, state], [batch, sequence, heads, features]).cast(v.dtype) as Tensor
}
