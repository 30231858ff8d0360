import { transpose, type Dim, type Tensor } from '../tensor/index.js'
import type { AttentionOutput, AttentionShape, Projected } from './contract.js'
import { causalAttention, type LogitTerms } from './kernels/softmax.js'
import { inGroups, outOfGroups } from './softmax-heads.js'
import { termsOf } from './terms.js'

/** softmax(q k^T) v of each position to itself and all earlier ones, in blocks, with the terms of the logits. */
export function attendCausally(
  projected: Projected,
  shape: AttentionShape,
  maskValue: number,
  terms: LogitTerms = termsOf(projected, shape),
): AttentionOutput {
  const { sequence, memory } = shape
  const { q, k, v } = headsFirst(projected, shape)
  const mixed = causalAttention(q(sequence), k(memory), v(memory), shape, maskValue, terms)
  return headsLast(mixed, shape)
}

/** Queries, keys and values with heads, and groups of them, before positions, once for all products. */
export function headsFirst(
  { q, k, v }: Readonly<Record<'q' | 'k' | 'v', Tensor>>,
  { batch, features }: AttentionShape,
) {
  const heads = k.dims.find(({ name }) => name === 'heads')!
  const ofKeys = (x: Tensor) => (positions: Dim) => transpose(x, [batch, heads, positions, features])
  const grouped = inGroups(q, heads.size)
  const group = grouped.dims.filter(({ name }) => name === 'query_group')
  return {
    q: (positions: Dim) => transpose(grouped, [batch, heads, ...group, positions, features]),
    k: ofKeys(k),
    v: ofKeys(v),
  }
}

/** [batch, heads, ..., sequence, features] as kinds give it. */
export function headsLast(mixed: Tensor, { batch, sequence, features }: AttentionShape): AttentionOutput {
  const heads = mixed.dims.filter(({ name }) => name === 'heads' || name === 'query_group')
  return outOfGroups(transpose(mixed, [batch, sequence, ...heads, features]))
}
