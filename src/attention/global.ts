import { add, barrier, constant, dim, range, slice, type Tensor } from '../tensor/index.js'
import { attendToCache, attendToKeys, makeCache, writeToCache, type CacheTerms } from './cache.js'
import { attendCausally } from './causal.js'
import {
  bytesOfPair,
  keyWidth,
  type AttentionConfig,
  type AttentionKind,
  type AttentionShape,
  type Cache,
  type Projected,
} from './contract.js'
import { denseAttention, denseWeights, withSlots } from './dense.js'
import { normal } from './initializers.js'
import { gatedKind, keyHeads, projectSoftmax, SOFTMAX_KEYS } from './softmax-heads.js'
import { alibiSlopes } from './terms.js'

/** What GPT-Neo adds to the logits of keys that a query may not see, under global attention. */
const MASKED = -1e10

/**
 * softmax(q k^T) v of each position to itself and all earlier ones, in f32. With num_mem_kv there are learned keys and
 * values besides, which every query sees; they come first in the cache. Source: gpt-neo models/layers.py (attn,
 * memory_key_values), after Sukhbaatar et al. 2019, "Augmenting Self-attention with Persistent Memory". Options of today's
 * models: softmax-heads.ts, terms.ts.
 */
export const globalAttention: AttentionKind = gatedKind({
  keys: ['num_mem_kv', 'attn_dropout', ...SOFTMAX_KEYS],
  attendsWithinDocuments: true,
  project(at, x, shape, context) {
    const { features, config } = shape
    const projected = projectSoftmax(at, x, shape, context)
    if (config.num_mem_kv === 0) return projected
    const slots = dim('mem_kv_sequence', config.num_mem_kv)
    const learned = (name: string) =>
      at.in('attention').param(name, [slots, keyHeads(shape), features], normal(features.size ** -0.5))
    return { ...projected, slotKeys: learned('mem_k'), slotValues: learned('mem_v') }
  },
  attend: (projected, shape, drop) =>
    drop || !shape.causal || projected.slotKeys || shape.packing
      ? denseAttention(projected, shape, drop)
      : attendCausally(projected, shape, MASKED),
  prefill(projected, _, capacity, shape) {
    const { num_mem_kv } = shape.config
    const memory = dim('memory_length', shape.memory.size + num_mem_kv)
    return makeCache(withSlots(projected, shape), capacity + num_mem_kv, { ...shape, memory })
  },
  decode(projected, cache, position, shape) {
    const { num_mem_kv } = shape.config
    const slot = num_mem_kv > 0 ? add(position, num_mem_kv) : position
    return attendToCache(projected, cache, slot, slot, shape, termsFrom(projected, slot, cache, shape))
  },
  extend(projected, cache, position, _, shape) {
    const { num_mem_kv } = shape.config
    const slot = position.add(num_mem_kv)
    const { k, v } = writeToCache(projected, withSlotsWritten(projected, cache, shape), slot, shape)
    const [keys, values] = barrier([k, v])
    const queries = range(shape.sequence).add(slot)
    const seen = range(keys.dims[2]).lessEqual(queries)
    const terms = termsFrom(projected, queries, cache, shape)
    return {
      output: attendToKeys(projected.q, { k: keys, v: values }, seen, shape, terms),
      cache: { k: keys, v: values },
    }
  },
  weights: (projected, shape) => denseWeights(projected, shape),
  costs(config) {
    const { num_mem_kv } = config
    const keysSeen = keyWidth(config) * (num_mem_kv + contextSeen(config))
    const pair = bytesOfPair(config)
    return { keysSeen, keysRecomputed: keysSeen, cache: { perToken: pair, perSequence: pair * num_mem_kv } }
  },
})

/** Keys that a query sees on average over a context. */
export function contextSeen({ n_ctx, mlm_training }: AttentionConfig): number {
  return mlm_training ? n_ctx : (n_ctx + 1) / 2
}

/** Terms of logits against a cache whose slots are positions. */
function termsFrom({ sinks }: Projected, query: Tensor, cache: Cache, shape: AttentionShape): CacheTerms {
  const slopes = alibiSlopes(shape)
  const distance = slopes && query.sub(range(cache.k.dims[2])).cast('f32')
  return { sinks, bias: slopes && distance ? slopes.mul(distance).neg() : undefined }
}

/** The cache with the learned slots, if there are any, which come first in it. */
function withSlotsWritten(projected: Projected, cache: Cache, shape: AttentionShape): Cache {
  const { num_mem_kv } = shape.config
  if (num_mem_kv === 0) return cache
  const memory = dim('memory_length', num_mem_kv)
  const { k, v } = withSlots(projected, shape)
  const all = dim('memory_length', num_mem_kv + shape.memory.size)
  const slots = { q: projected.q, k: slice(k, all, 0, num_mem_kv), v: slice(v, all, 0, num_mem_kv) }
  return writeToCache(slots, cache, constant(0, 'i32'), { ...shape, memory })
}
