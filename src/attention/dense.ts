import { and, broadcast, concat, dim, einsum, range, where, type Dim, type Tensor } from '../tensor/index.js'
import type { AttentionOutput, AttentionShape, AttentionWeights, Packing, Projected } from './contract.js'
import { inGroups, outOfGroups } from './softmax-heads.js'
import { alibiSlopes, softmaxWithSinks, withSoftcap } from './terms.js'

/** Logit of a key that a query may not see: what GPT-Neo adds under global attention. Its weight is 0 in f32. */
const MASKED = -1e10

/**
 * Softmax attention's weights in their plain form, all at once, in f32: of each position to itself and earlier ones, of
 * which the last `radius`, or to both sides. `bias` is added to the logits, [batch, heads, sequence, memory_length] or some of it. Learned slots come first and are seen by all.
 * Source: Mesh TensorFlow transformer/attention.py (attention).
 */
export function denseWeights(
  projected: Projected,
  shape: AttentionShape,
  radius = Infinity,
  bias?: Tensor,
): AttentionWeights {
  const { batch, sequence, causal } = shape
  const { k } = withSlots(projected, shape)
  const memory = memoryOf(k)
  const heads = headsOf(k)
  const grouped = (x: Tensor) => inGroups(x, heads.size)
  const q = grouped(projected.q)
  const products = einsum([q, k], [batch, heads, ...groupOf(q), sequence, memory]).cast('f32')
  const key = range(memory).sub(memory.size - shape.memory.size)
  const query = range(sequence)
  const after = causal ? 0 : radius
  const early = after < Infinity ? key.lessEqual(query.add(after)) : null
  const slopes = alibiSlopes(shape)
  const biased = bias ? withSoftcap(products, shape.config).add(grouped(bias)) : withSoftcap(products, shape.config)
  const logits = slopes ? biased.sub(grouped(slopes).mul(query.sub(key).cast('f32'))) : biased
  const near = radius < Infinity ? key.add(radius).greater(query) : null
  const inOrder = early && near ? and(early, near) : (early ?? near)
  const together = shape.packing ? sameDocument(shape, shape.packing) : null
  const visible = inOrder ? where(inOrder, logits, MASKED) : logits
  const sinks = projected.sinks && grouped(projected.sinks)
  const weights = softmaxWithSinks(together ? where(together, visible, MASKED) : visible, memory, sinks)
  return outOfGroups(weights)
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
  radius = Infinity,
  bias?: Tensor,
): AttentionOutput {
  const { v } = withSlots(projected, shape)
  return mixValues(drop(denseWeights(projected, shape, radius, bias).cast(v.dtype)), v, shape)
}

/** Values mixed with weights of every head; groups of heads may share a value. */
export function mixValues(weights: AttentionWeights, v: Projected['v'], shape: AttentionShape): AttentionOutput {
  const { batch, sequence, features } = shape
  const heads = headsOf(v)
  const grouped = inGroups(weights, heads.size)
  return outOfGroups(einsum([grouped, v], [batch, sequence, heads, ...groupOf(grouped), features]))
}

const headsOf = (x: Tensor) => x.dims.find(({ name }) => name === 'heads')!
const groupOf = (x: Tensor) => x.dims.filter(({ name }) => name === 'query_group')

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
