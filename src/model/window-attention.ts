import { and, concat, dim, einsum, pad, range, reshape, slice, softmax, where, type Tensor } from '../tensor/index.js'
import type { Mixed, Projected } from './attention.js'
import type { Model } from './dims.js'

/** What Mesh TensorFlow adds to the logits of keys outside the window. */
const LOCAL_BIAS = -1e9

/**
 * Local attention to both sides: query q sees key m if -radius < m - q <= radius. Computed in blocks of queries,
 * each against its own block of keys and as many on either side as the radius reaches. Source: Mesh TensorFlow
 * transformer/attention.py (local_attention_1d with fully_autoregressive False).
 */
export function windowAttention({ q, k, v }: Projected, model: Model): Mixed {
  const { batch, sequence, memory, heads, features } = model
  const length = sequence.size
  const radius = Math.min(model.config.local_attention_radius, length)
  const size = Math.min(Math.max(radius, 32), length)
  const count = Math.ceil(length / size)
  const sides = Math.ceil(radius / size)
  const blocks = dim('sequence', count)
  const queries = dim('query_block_length', size)
  const keys = dim('memory_block_length', size)
  const window = dim('memory_block_length', size * (2 * sides + 1))

  const filler = count * size - length
  const qs = reshape(pad(q, sequence, 0, filler), [batch, blocks, queries, heads, features])
  const windows = (x: Projected['k']) => {
    const cut = reshape(pad(x, memory, 0, filler), [batch, blocks, keys, heads, features]) as Tensor
    const all = pad(cut, blocks, sides, sides) as Tensor
    const padded = dim('sequence', count + 2 * sides)
    return concat(
      Array.from({ length: 2 * sides + 1 }, (_, i) => slice(all, padded, i, count)),
      'memory_block_length',
    )
  }
  const logits = einsum([qs, windows(k)], [batch, blocks, heads, queries, window]).cast('f32')
  const block = range(blocks).mul(size)
  const position = block.add(range(queries))
  const key = block.add(range(window)).sub(sides * size)
  const near = and(key.greater(position.sub(radius)), key.lessEqual(position.add(radius)))
  const visible = and(near, and(key.greaterEqual(0), key.less(length)))
  const weights = softmax(where(visible, logits, LOCAL_BIAS) as Tensor, window).cast(v.dtype)
  const mixed = einsum([weights, windows(v)], [batch, blocks, queries, heads, features])
  const filled = dim('sequence', count * size)
  return slice(reshape(mixed, [batch, filled, heads, features]), filled, 0, length) as Tensor
}
