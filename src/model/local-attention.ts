import {
  and,
  concat,
  dim,
  pad,
  range,
  remainder,
  reshape,
  slice,
  transpose,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import type { AttentionRules, Mixed, Projected } from './attention.js'
import { attendToCache, startRing } from './cache.js'
import type { Model } from './dims.js'
import { causalAttention, softmaxAttention } from './softmax-attention.js'

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
  const radius = model.config.local_attention_radius
  const headed = (x: Tensor, positions: Dim): Tensor => transpose(x, [batch, heads, positions, features] as Dim[])
  const [qh, kh, vh] = [headed(q, sequence), headed(k, memory), headed(v, memory)]
  if (radius >= length)
    return transpose(
      causalAttention(
        qh,
        kh,
        vh,
        { side: [batch, heads], queries: sequence, keys: memory, features },
        LOCAL_BIAS,
        model,
      ),
      [batch, sequence, heads, features],
    )

  const size = blockSize(radius, length)
  const count = Math.ceil(length / size)
  const padded = count * size - length
  // The blocks of a sequence are split as the sequence is.
  const blocks = dim('sequence', count)
  const queries = dim('query_block_length', size)
  // Blocks of keys that a query's window can reach into, before its own.
  const back = Math.ceil((radius - 1) / size)
  const keys = dim('memory_block_length', size * (back + 1))
  const windows = (x: Tensor) => {
    const own = dim('memory_block_length', size)
    const cut = reshape(pad(x, memory, 0, padded), [batch, heads, blocks, own, features]) as Tensor
    const all = pad(cut, blocks, back, 0) as Tensor
    const parts = Array.from({ length: back + 1 }, (_, i) => slice(all, dim('sequence', count + back), i, count))
    return concat(parts, 'memory_block_length')
  }
  const visible = () => {
    const block = range(blocks).mul(size)
    const position = block.add(range(queries))
    const key = block.add(range(keys)).sub(back * size)
    return and(and(key.lessEqual(position), key.greater(position.sub(radius))), key.greaterEqual(0)) as Tensor
  }
  const qs = reshape(pad(qh, sequence, 0, padded), [batch, heads, blocks, queries, features])
  const mixed = softmaxAttention(
    qs,
    windows(kh),
    windows(vh),
    { side: [batch, heads, blocks], queries, keys, features },
    visible,
    LOCAL_BIAS,
  )
  const all = dim('sequence', count * size)
  return transpose(slice(reshape(mixed, [batch, heads, all, features]), all, 0, length), [
    batch,
    sequence,
    heads,
    features,
  ])
}

/** Queries in a block: small blocks compute little in vain, large ones make good products. */
function blockSize(radius: number, length: number): number {
  return Math.min(length, Math.max(64, Math.ceil(radius / 2)))
}
