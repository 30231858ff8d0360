import { and, concat, dim, einsum, pad, range, remainder, reshape, slice, softmax, where, type Tensor } from '../tensor/index.js'
import type { AttentionRules, Mixed, Projected } from './attention.js'
import { attendToCache, startRing } from './cache.js'
import type { Model } from './dims.js'

/** What Mesh TensorFlow adds to the logits of keys outside the window. */
const LOCAL_BIAS = -1e9

/**
 * Softmax attention of each position to the last `local_attention_radius` ones, its own among them. Computed in blocks of
 * queries, each against its own block of keys and as many before it as the radius reaches: cost grows with
 * length times radius. Source: Mesh TensorFlow transformer/attention.py (local_attention_1d), whose result does not
 * depend on the block size either.
 */
export const localAttention: AttentionRules = {
  mix,
  cacheSize: (capacity, { config }) => Math.min(config.local_attention_radius, capacity),
  start: (projected, capacity, model) => startRing(projected, localAttention.cacheSize(capacity, model), model),
  step(projected, cache, position, model) {
    const size = cache.k.dims[2].size
    return attendToCache(projected, cache, remainder(position, size), position, model)
  },
}

function mix({ q, k, v }: Projected, model: Model): Mixed {
  const { batch, sequence, memory, heads, features } = model
  const length = sequence.size
  const radius = Math.min(model.config.local_attention_radius, length)
  const size = Math.min(Math.max(radius, 32), length)
  const count = Math.ceil(length / size)
  const blocks = dim('blocks', count)
  const queries = dim('query_block_length', size)
  // Blocks of keys that a query's window can reach into, before its own.
  const back = Math.ceil((radius - 1) / size)
  const keys = dim('memory_block_length', size)
  const window = dim('memory_block_length', size * (back + 1))

  const padded = count * size - length
  const qs = reshape(pad(q, sequence, 0, padded), [batch, blocks, queries, heads, features])
  const windows = (x: Projected['k']) => {
    const all = reshape(pad(x, memory, back * size, padded), [batch, dim('blocks', count + back), keys, heads, features]) as Tensor
    return concat(Array.from({ length: back + 1 }, (_, i) => slice(all, dim('blocks', count + back), i, count)), 'memory_block_length')
  }
  const logits = einsum([qs, windows(k)], [batch, blocks, heads, queries, window]).cast('f32')
  const block = range(blocks).mul(size)
  const position = block.add(range(queries))
  const key = block.add(range(window)).sub(back * size)
  const visible = and(and(key.lessEqual(position), key.greater(position.sub(radius))), key.greaterEqual(0))
  const weights = softmax(where(visible, logits, LOCAL_BIAS) as Tensor, window).cast(v.dtype)
  const mixed = einsum([weights, windows(v)], [batch, blocks, queries, heads, features])
  return slice(reshape(mixed, [batch, dim('sequence', count * size), heads, features]), dim('sequence', count * size), 0, length) as Tensor
}
