import { and, einsum, range, softmax, where, type Tensor } from '../tensor/index.js'
import { causalRules, type MixingKind, type Projected } from './attention.js'
import { cachedBlock, type Continuation } from './block.js'
import type { Model } from './dims.js'
import { GLOBAL_BIAS } from './global-attention.js'
import { embedded } from './gpt-neo.js'
import type { Scope } from './scope.js'

type Weights = Tensor<'batch' | 'heads' | 'sequence' | 'memory_length'>

/**
 * How much each position attends to each, in every layer: f32 [batch, heads, sequence, memory_length] whose rows sum
 * to 1, and null for layers whose kind has no such weights (linear, none). To look at; a model that runs keeps none of
 * them. ids i32 [batch, sequence].
 */
export function attentionWeights(at: Scope, ids: Tensor<'batch' | 'sequence'>, model: Model): (Weights | null)[] {
  const { layers, config } = model
  const found: (Weights | null)[] = layers.map(() => null)
  const look: Continuation = {
    attend(kind, projected, layer) {
      if (kind !== 'linear') found[layer] = weightsOf(kind, projected, model)
      return { mixed: causalRules(kind, model).mix(projected, model), cache: {} }
    },
  }
  let x = embedded(at, ids, model)
  for (const [layer, plan] of layers.entries())
    x = cachedBlock(at.in(config.share_parameters ? '' : `h${layer}`), x, plan, layer, model, look).x
  return found
}

export function weightsOf(kind: MixingKind, { q, k }: Projected, model: Model): Weights {
  const { batch, sequence, memory, heads, config } = model
  const logits = einsum([q, k], [batch, heads, sequence, memory]).cast('f32') as Weights
  const earlier = range(memory).lessEqual(range(sequence))
  const near = range(memory).add(config.local_attention_radius).greater(range(sequence))
  return softmax(where(kind === 'local' ? and(earlier, near) : earlier, logits, GLOBAL_BIAS) as Weights, memory)
}
