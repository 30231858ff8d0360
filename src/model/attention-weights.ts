import { and, einsum, range, softmax, where, type Tensor } from '../tensor/index.js'
import { attendFully, type MixingKind, type Projected } from './attention.js'
import { cachedBlock, type DecodeStrategy } from './block.js'
import { withSlots } from './dense-attention.js'
import type { Model } from './dims.js'
import { GLOBAL_BIAS } from './global-attention.js'
import { embedded } from './gpt-neo.js'
import type { Scope } from './scope.js'

type Weights = Tensor<'batch' | 'heads' | 'sequence' | 'memory_length'>

/**
 * How much each position attends to each, in every layer: f32 [batch, heads, sequence, memory_length] whose rows sum
 * to 1, and null for layers whose kind has no such weights (linear, none). With num_mem_kv the first entries of a global
 * layer's memory_length are its learned slots. To look at; a model that runs keeps none of them. ids i32 [batch, sequence].
 */
export function attentionWeights(at: Scope, ids: Tensor<'batch' | 'sequence'>, model: Model): (Weights | null)[] {
  const { layers, config } = model
  const found: (Weights | null)[] = layers.map(() => null)
  const look: DecodeStrategy = {
    attend(kind, projected, layer) {
      if (kind !== 'linear') found[layer] = weightsOf(kind, projected, model)
      return { mixed: attendFully(kind, projected, model), cache: {} }
    },
  }
  let x = embedded(at, ids, model)
  for (const [layer, plan] of layers.entries())
    x = cachedBlock(at.in(config.share_parameters ? '' : `h${layer}`), x, plan, layer, model, look).x
  return found
}

export function weightsOf(kind: MixingKind, { q, k, slots }: Projected, model: Model): Weights {
  const { batch, sequence, heads, causal, config } = model
  const keys = slots ? withSlots(slots.k, k, model) : k
  const memory = keys.dims.find(({ name }) => name === 'memory_length') as typeof model.memory
  const logits = einsum([q, keys], [batch, heads, sequence, memory]).cast('f32') as Weights
  const key = range(memory).sub(memory.size - model.memory.size)
  const query = range(sequence)
  const radius = kind === 'local' ? config.local_attention_radius : Infinity
  const after = causal ? 0 : radius
  // Slots come before position 0 and are seen by every query.
  const early = Number.isFinite(after) ? key.lessEqual(query.add(after)) : null
  const near = Number.isFinite(radius) ? key.add(radius).greater(query) : null
  const seen = early && near ? and(early, near) : (early ?? near)
  return softmax(seen ? (where(seen, logits, GLOBAL_BIAS) as Weights) : logits, memory)
}
