import { add, dim } from '../tensor/index.js'
import type { AttentionRules, Projected } from './attention.js'
import { attendToCache, makeCache } from './cache.js'
import { denseAttention, withSlots } from './dense-attention.js'
import type { Model } from './dims.js'

/**
 * Global attention to itself, all earlier positions and the learned slots, which come first in the cache.
 * Source: gpt-neo models/layers.py (memory_key_values), after Sukhbaatar et al. 2019, "Augmenting Self-attention with
 * Persistent Memory".
 */
export const memoryAttention: AttentionRules = {
  attend: (projected, model) => denseAttention(projected, model),
  cacheSize: (capacity, { config }) => capacity + config.num_mem_kv,
  prefill: (projected, _, capacity, model) =>
    makeCache(joined(projected, model), memoryAttention.cacheSize(capacity, model), longer(model)),
  decode(projected, cache, position, model) {
    const slot = add(position, model.config.num_mem_kv)
    return attendToCache(projected, cache, slot, slot, model)
  },
}

function joined({ q, k, v, slots }: Projected, model: Model): Projected {
  return { q, k: withSlots(slots!.k, k, model), v: withSlots(slots!.v, v, model) }
}

function longer(model: Model): Model {
  return { ...model, memory: dim('memory_length', model.memory.size + model.config.num_mem_kv) }
}
