import { concat, broadcast, dim, einsum, range, softmax, where, type Tensor } from '../tensor/index.js'
import type { Mixed, Projected, Slots } from './attention.js'
import type { Model } from './dims.js'
import { GLOBAL_BIAS } from './global-attention.js'

type Weights = Tensor<'batch' | 'heads' | 'sequence' | 'memory_length'>

/**
 * Softmax attention in its plain form: all weights at once, in f32. Each position sees itself and earlier ones, or
 * all if the model is not causal, and the learned slots. `change` is applied to the weights: dropout.
 * Source: Mesh TensorFlow transformer/attention.py (attention).
 */
export function denseAttention(
  { q, k, v, slots }: Projected,
  model: Model,
  change = (weights: Weights) => weights,
): Mixed {
  const { batch, sequence, heads, features, causal } = model
  const [keys, values] = slots ? [withSlots(slots.k, k, model), withSlots(slots.v, v, model)] : [k, v]
  const memory = keys.dims.find(({ name }) => name === 'memory_length')!
  const logits = einsum([q, keys], [batch, heads, sequence, memory]).cast('f32') as Weights
  const offset = memory.size - model.memory.size
  const visible = range(memory).lessEqual(range(sequence).add(offset))
  const masked = causal ? (where(visible, logits, GLOBAL_BIAS) as Weights) : logits
  const weights = softmax(masked, memory as typeof model.memory).cast(v.dtype)
  return einsum([change(weights), values], [batch, sequence, heads, features]) as Tensor
}

/** Every position to all. */
export const fullAttention = (projected: Projected, model: Model): Mixed => denseAttention(projected, model)

/** Slots, the same for each sequence, and after them keys or values. */
export function withSlots(slots: Slots, x: Projected['k'], { batch }: Model): Projected['k'] {
  const count = slots.dims.find(({ name }) => name === 'mem_kv_sequence')!
  const renamed = slots.rename(count, dim('memory_length', count.size))
  const dims = x.dims.map((own) => (own.name === 'memory_length' ? dim('memory_length', count.size) : own))
  return concat(
    [
      broadcast(
        renamed,
        dims.map((own) => (own.name === 'batch' ? batch : own)),
      ) as Tensor,
      x,
    ],
    'memory_length',
  ) as Tensor
}
