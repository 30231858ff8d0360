import { add, barrier, constant, dim, range, slice, transpose, type Dim, type Tensor } from '../tensor/index.js'
import { attendToCache, attendToKeys, makeCache, writeToCache } from './cache.js'
import {
  bytesOfPair,
  type AttentionKind,
  type AttentionOutput,
  type AttentionShape,
  type Cache,
  type Projected,
} from './contract.js'
import { denseAttention, denseWeights, withSlots } from './dense.js'
import { projectHeads } from './heads.js'
import { normal } from './initializers.js'
import { causalAttention } from './kernels/softmax.js'

/** What GPT-Neo adds to the logits of keys that a query may not see, under global attention. */
const MASKED = -1e10

/**
 * softmax(q k^T) v of each position to itself and all earlier ones, in f32. With num_mem_kv there are learned keys and
 * values besides, which every query sees; they come first in the cache. Source: gpt-neo models/layers.py (attn,
 * memory_key_values), after Sukhbaatar et al. 2019, "Augmenting Self-attention with Persistent Memory".
 */
export const globalAttention: AttentionKind = {
  keys: ['num_mem_kv', 'attn_dropout'],
  project(at, x, shape, context) {
    const { heads, features, config } = shape
    const projected = projectHeads(at, x, shape, context)
    if (config.num_mem_kv === 0) return projected
    const slots = dim('mem_kv_sequence', config.num_mem_kv)
    const learned = (name: string) =>
      at.in('attention').param(name, [slots, heads, features], normal(features.size ** -0.5))
    return { ...projected, slotKeys: learned('mem_k'), slotValues: learned('mem_v') }
  },
  attend: (projected, shape, drop) =>
    drop || !shape.causal || projected.slotKeys ? denseAttention(projected, shape, drop) : attend(projected, shape),
  prefill(projected, _, capacity, shape) {
    const { num_mem_kv } = shape.config
    const memory = dim('memory_length', shape.memory.size + num_mem_kv)
    return makeCache(withSlots(projected, shape), capacity + num_mem_kv, { ...shape, memory })
  },
  decode(projected, cache, position, shape) {
    const { num_mem_kv } = shape.config
    const slot = num_mem_kv > 0 ? add(position, num_mem_kv) : position
    return attendToCache(projected, cache, slot, slot, shape)
  },
  extend(projected, cache, position, _, shape) {
    const { num_mem_kv } = shape.config
    const slot = position.add(num_mem_kv)
    const { k, v } = writeToCache(projected, withSlotsWritten(projected, cache, shape), slot, shape)
    const [keys, values] = barrier([k, v])
    const seen = range(keys.dims[2]).lessEqual(range(shape.sequence).add(slot))
    return { output: attendToKeys(projected.q, { k: keys, v: values }, seen, shape), cache: { k: keys, v: values } }
  },
  weights: (projected, shape) => denseWeights(projected, shape),
  costs(config) {
    const { n_ctx, num_mem_kv, mlm_training } = config
    const keysSeen = num_mem_kv + (mlm_training ? n_ctx : (n_ctx + 1) / 2)
    const pair = bytesOfPair(config)
    return { keysSeen, keysRecomputed: keysSeen, cache: { perToken: pair, perSequence: pair * num_mem_kv } }
  },
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

function attend({ q, k, v }: Projected, shape: AttentionShape): AttentionOutput {
  const { batch, sequence, memory, heads, features } = shape
  // Heads first, once for all products.
  const headed = (x: Tensor, positions: Dim): Tensor => transpose(x, [batch, heads, positions, features])
  const mixed = causalAttention(headed(q, sequence), headed(k, memory), headed(v, memory), shape, MASKED)
  return transpose(mixed, [batch, sequence, heads, features])
}
