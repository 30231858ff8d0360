import { einsum, range, softmax, where, type Tensor } from '../tensor/index.js'
import type { AttentionRules, Mixed, Projected } from './attention.js'
import { attendToCache, startCache } from './cache.js'
import type { Model } from './dims.js'

/** What GPT-Neo adds to the logits of keys that a query may not see, under global attention. */
export const GLOBAL_BIAS = -1e10

/** Softmax attention of each position to itself and all earlier ones. Softmax in f32. */
export const globalAttention: AttentionRules = {
  mix,
  cacheSize: (capacity) => capacity,
  start: startCache,
  step: (projected, cache, position, model) => attendToCache(projected, cache, position, position, model),
}

function mix({ q, k, v }: Projected, { batch, sequence, memory, heads, features }: Model): Mixed {
  const logits = einsum([q, k], [batch, heads, sequence, memory]).cast('f32')
  const visible = range(memory).lessEqual(range(sequence))
  const weights = softmax(where(visible, logits, GLOBAL_BIAS) as Tensor, memory).cast(v.dtype)
  return einsum([weights, v], [batch, sequence, heads, features]) as Tensor
}
