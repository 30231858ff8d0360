import { transpose, type Dim, type Tensor } from '../tensor/index.js'
import type { AttentionRules, Mixed, Projected } from './attention.js'
import { attendToCache, makeCache } from './cache.js'
import type { Model } from './dims.js'
import { causalAttention } from './softmax-attention.js'

/** What GPT-Neo adds to the logits of keys that a query may not see, under global attention. */
export const GLOBAL_BIAS = -1e10

/** Softmax attention of each position to itself and all earlier ones. Softmax in f32. */
export const globalAttention: AttentionRules = {
  attend,
  cacheSize: (capacity) => capacity,
  prefill: (projected, _, capacity, model) => makeCache(projected, capacity, model),
  decode: (projected, cache, position, model) => attendToCache(projected, cache, position, position, model),
}

function attend({ q, k, v }: Projected, model: Model): Mixed {
  const { batch, sequence, memory, heads, features } = model
  // Heads first, once for all products.
  const headed = (x: Tensor, positions: Dim): Tensor => transpose(x, [batch, heads, positions, features] as Dim[])
  const mixed = causalAttention(headed(q, sequence), headed(k, memory), headed(v, memory), model, GLOBAL_BIAS)
  return transpose(mixed, [batch, sequence, heads, features])
}
