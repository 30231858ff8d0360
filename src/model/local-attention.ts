import { concat, dim, pad, remainder, slice, transpose, type Dim, type Tensor } from '../tensor/index.js'
import type { AttentionRules, Mixed, Projected } from './attention.js'
import { attendToCache, makeRing } from './cache.js'
import type { Model } from './dims.js'
import { causalAttention, softmaxAttention } from './softmax-attention.js'
import { intoParts, outOfParts, partsOf, type Parts } from './split-sequence.js'

/** What Mesh TensorFlow adds to the logits of keys outside the window. */
const LOCAL_BIAS = -1e9

/**
 * Softmax attention of each position to the last `local_attention_radius` ones, its own among them. Computed in blocks of
 * queries, each against its own keys and as many before them as the radius reaches: cost grows with length times radius.
 * Source: Mesh TensorFlow transformer/attention.py (local_attention_1d), whose result does not depend on the block size
 * either.
 */
export const localAttention: AttentionRules = {
  attend,
  cacheSize: (capacity, { config }) => Math.min(config.local_attention_radius, capacity),
  prefill: (projected, lengths, capacity, model) =>
    makeRing(projected, lengths, localAttention.cacheSize(capacity, model), model),
  decode(projected, cache, position, model) {
    const size = cache.k.dims[2].size
    return attendToCache(projected, cache, remainder(position, size), position, model)
  },
}

function attend({ q, k, v }: Projected, model: Model): Mixed {
  const { batch, sequence, memory, heads, features } = model
  const radius = model.config.local_attention_radius
  const headed = (x: Tensor, positions: Dim): Tensor => transpose(x, [batch, heads, positions, features] as Dim[])
  // Keys lie as queries do, so that only those near the edge of a part go from device to device.
  const own = (x: Tensor) => headed(x.rename(memory, sequence), sequence)
  const mixed =
    radius < sequence.size
      ? nearAttention(headed(q, sequence), own(k), own(v), model)
      : causalAttention(headed(q, sequence), headed(k, memory), headed(v, memory), model, LOCAL_BIAS)
  return transpose(mixed, [batch, sequence, heads, features])
}

/** To the last `radius` positions, which are fewer than all. All [batch, heads, sequence, features]. */
function nearAttention(q: Tensor, k: Tensor, v: Tensor, model: Model): Tensor {
  const { batch, sequence, heads, features, config } = model
  const radius = config.local_attention_radius
  const side = [batch, heads]
  const keys = dim('memory_block', sequence.size)
  const shape = { side, features, radius, block: blockOf(radius), hidden: LOCAL_BIAS }
  const parts = partsOf(model)
  if (!parts) {
    const [ks, vs] = [k, v].map((x) => x.rename(sequence, keys))
    return softmaxAttention(q, ks, vs, { ...shape, queries: sequence, keys, before: 0 })
  }
  const { part, positions } = parts
  const before = radius - 1
  const [ks, vs] = [k, v].map((x) => withEarlier(intoParts(x, parts), before, parts))
  const split = { ...shape, side: [...side, part], part, queries: positions, keys: ks.dims[3], before }
  return outOfParts(softmaxAttention(intoParts(q, parts), ks, vs, split), parts)
}

/** `count` positions before each part and its own, as `memory_block`; zeros before the first. The neighbours send them. */
function withEarlier(x: Tensor, count: number, { part, positions }: Parts): Tensor {
  const pieces: Tensor[] = []
  for (let back = Math.ceil(count / positions.size); back > 0; back--) {
    const size = Math.min(positions.size, count - (back - 1) * positions.size)
    const last = slice(x, positions, positions.size - size, size)
    pieces.push(slice(pad(last, part, back, 0) as Tensor, dim(part.name, part.size + back), 0, part.size) as Tensor)
  }
  const all = concat([...pieces, x], positions.name) as Tensor
  return all.rename(dim(positions.name, count + positions.size), dim('memory_block', count + positions.size)) as Tensor
}

/** Queries in a block: small blocks compute little in vain, large ones make good products. */
function blockOf(radius: number): number {
  return Math.max(128, Math.ceil(radius / 2))
}
