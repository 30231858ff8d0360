import type { AttentionWeights } from '../attention/index.js'
import type { Tensor } from '../tensor/index.js'
import { cachedBlock, type DecodeStrategy } from './block.js'
import type { Model } from './dims.js'
import { embedTokens } from './transformer.js'
import type { Scope } from './scope.js'

/**
 * How much each position attends to each, in every layer: f32 [batch, heads, sequence, memory_length] whose rows sum
 * to 1, and null for layers whose kind has no such weights (linear, none). With num_mem_kv the first entries of a global
 * layer's memory_length are its learned slots. To look at; a model that runs keeps none of them. ids i32 [batch, sequence].
 */
export function attentionWeights(
  at: Scope,
  ids: Tensor<'batch' | 'sequence'>,
  model: Model,
): (AttentionWeights | null)[] {
  const { layers, config } = model
  const found: (AttentionWeights | null)[] = layers.map(() => null)
  const look: DecodeStrategy = {
    attend(kind, projected, layer) {
      found[layer] = kind.weights?.(projected, model) ?? null
      return { output: kind.attend(projected, model), cache: {} }
    },
  }
  let x = embedTokens(at, ids, model)
  for (const [layer, plan] of layers.entries())
    x = cachedBlock(at.ofLayer(layer, config.share_parameters), x, plan, layer, model, look).x
  return found
}
