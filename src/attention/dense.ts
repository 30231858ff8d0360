import { and, broadcast, concat, dim, einsum, range, softmax, where, type Dim, type Tensor } from '../tensor/index.js'
import type { AttentionOutput, AttentionShape, AttentionWeights, Packing, Projected } from './contract.js'

/** Logit of a key that a query may not see: what GPT-Neo adds under global attention. Its weight is 0 in f32. */
const MASKED = -1e10

/**
 * Softmax attention's weights in their plain form, all at once, in f32: of each position to itself and earlier ones, of
 * which the last `radius`, or to both sides. Learned slots come first and are seen by all.
 * Source: Mesh TensorFlow transformer/attention.py (attention).
 */
export function denseWeights(projected: Projected, shape: AttentionShape, radius = Infinity): AttentionWeights {
  const { batch, sequence, heads, causal } = shape
  const { k } = withSlots(projected, shape)
  const memory = memoryOf(k)
  const logits = einsum([projected.q, k], [batch, heads, sequence, memory]).cast('f32')
  const key = range(memory).sub(memory.size - shape.memory.size)
  const query = range(sequence)
  const after = causal ? 0 : radius
  const early = after < Infinity ? key.lessEqual(query.add(after)) : null
  const near = radius < Infinity ? key.add(radius).greater(query) : null
  const inOrder = early && near ? and(early, near) : (early ?? near)
  const together = shape.packing ? sameDocument(shape, shape.packing) : null
  const visible = inOrder ? where(inOrder, logits, MASKED) : logits
  return softmax(together ? where(together, visible, MASKED) : visible, memory)
}

/** Whether a query and a key are of one document: [batch, sequence, memory_length]. */
export function sameDocument(
  { sequence, memory, config }: AttentionShape,
  { documents }: Packing,
): Tensor<'batch' | 'sequence' | 'memory_length'> {
  if (config.num_mem_kv > 0) throw new RangeError('num_mem_kv must be 0 where rows hold several documents')
  return documents.equal(documents.rename(sequence, memory))
}

/** Values mixed with `denseWeights`, of which `drop` may drop some. */
export function denseAttention(
  projected: Projected,
  shape: AttentionShape,
  drop = (weights: AttentionWeights) => weights,
): AttentionOutput {
  const { batch, sequence, heads, features } = shape
  const { v } = withSlots(projected, shape)
  const weights = denseWeights(projected, shape).cast(v.dtype)
  return einsum([drop(weights), v], [batch, sequence, heads, features])
}

/** Keys and values with the learned slots, the same for each sequence, before them. */
export function withSlots({ q, k, v, slotKeys, slotValues }: Projected, { batch }: AttentionShape): Projected {
  if (!slotKeys || !slotValues) return { q, k, v }
  const before = (slots: Tensor, x: Projected['k']): Projected['k'] => {
    const size = slots.dims.find(({ name }) => name === 'mem_kv_sequence')!.size
    const memory = dim('memory_length', size)
    const dims = x.dims.map((each) => (each.name === 'memory_length' ? memory : each.name === 'batch' ? batch : each))
    return concat([broadcast(slots.rename(dim('mem_kv_sequence', size), memory), dims), x], 'memory_length')
  }
  return { q, k: before(slotKeys, k), v: before(slotValues, v) }
}

function memoryOf(k: Projected['k']): Dim<'memory_length'> {
  return k.dims.find(({ name }) => name === 'memory_length') as Dim<'memory_length'>
}
