import {
  and,
  concat,
  dim,
  einsum,
  pad,
  range,
  reshape,
  slice,
  softmax,
  where,
  type Tensor,
} from '../../tensor/index.js'
import type { AttentionOutput, AttentionShape, Projected } from '../contract.js'

/** What Mesh TensorFlow adds to the logits of keys outside the window. */
export const LOCAL_MASKED = -1e9

/**
 * Local attention to both sides: query q sees key m if -radius < m - q <= radius. Computed in blocks of queries,
 * each against its block of keys and as many on either side as the radius reaches. Source: Mesh TensorFlow
 * transformer/attention.py (local_attention_1d with fully_autoregressive False).
 */
export function windowAttention({ q, k, v }: Projected, shape: AttentionShape): AttentionOutput {
  const { batch, sequence, memory, heads, features } = shape
  const length = sequence.size
  const radius = Math.min(shape.config.local_attention_radius, length)
  const size = Math.min(Math.max(radius, 32), length)
  const count = Math.ceil(length / size)
  const blocksAside = Math.ceil(radius / size)
  const blocks = dim('sequence', count)
  const queries = dim('query_block_length', size)
  const keys = dim('memory_block_length', size)
  const window = dim('memory_block_length', size * (2 * blocksAside + 1))

  const padding = count * size - length
  const qs = reshape(pad(q, sequence, 0, padding), [batch, blocks, queries, heads, features])
  const windows = (x: Projected['k']) => {
    const tiles = reshape(pad(x, memory, 0, padding), [batch, blocks, keys, heads, features]) as Tensor
    const all = pad(tiles, blocks, blocksAside, blocksAside) as Tensor
    const padded = dim('sequence', count + 2 * blocksAside)
    return concat(
      Array.from({ length: 2 * blocksAside + 1 }, (_, i) => slice(all, padded, i, count)),
      'memory_block_length',
    )
  }
  const logits = einsum([qs, windows(k)], [batch, blocks, heads, queries, window]).cast('f32')
  const block = range(blocks).mul(size)
  const position = block.add(range(queries))
  const key = block.add(range(window)).sub(blocksAside * size)
  const near = and(key.greater(position.sub(radius)), key.lessEqual(position.add(radius)))
  const visible = and(near, and(key.greaterEqual(0), key.less(length)))
  const weights = softmax(where(visible, logits, LOCAL_MASKED) as Tensor, window).cast(v.dtype)
  const mixed = einsum([weights, windows(v)], [batch, blocks, queries, heads, features])
  const filled = dim('sequence', count * size)
  return slice(reshape(mixed, [batch, filled, heads, features]), filled, 0, length) as Tensor
}
