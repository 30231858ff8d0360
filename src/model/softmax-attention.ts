import {
  barrier,
  compare,
  concat,
  dim,
  einsum,
  range,
  slice,
  where,
  withGradient,
  type Dim,
  type Tensor,
  type Value,
} from '../tensor/index.js'
import type { Model } from './dims.js'

/** Queries against keys: dims that run side by side, then positions, then features. */
export interface AttentionShape {
  readonly side: readonly Dim[]
  readonly queries: Dim
  readonly keys: Dim
  readonly features: Dim
}

/** Which keys a query sees, as bool over (some of) side, queries and keys; null if all. Made anew wherever it is needed. */
export type Visible = (() => Tensor) | null

/**
 * softmax(q k^T) v in the dtype of v, softmax in f32, without scaling. What it keeps for the gradient is one number a query,
 * the logarithm of its softmax's sum: the weights, [side, queries, keys], are computed again, which takes less time than
 * writing and reading them. Source of the idea: Dao et al. 2022, "FlashAttention". Hidden keys have weight 0 as long as a
 * query sees any.
 */
export function softmaxAttention(
  q: Value,
  k: Value,
  v: Value,
  { side, queries, keys, features }: AttentionShape,
  visible: Visible,
  hidden: number,
): Tensor {
  const logitsOf = (q: Tensor, k: Tensor): Tensor => {
    const logits = einsum([q, k], [...side, queries, keys]).cast('f32') as Tensor
    return visible ? where(visible(), logits, hidden) : logits
  }
  const forward = ([q, k, v]: readonly Tensor[]) => {
    const logits = logitsOf(q, k)
    const top = logits.max(keys)
    const exps = logits.sub(top as Tensor).exp()
    const total = exps.sum(keys) as Tensor
    const mixed = einsum([exps.cast(v.dtype), v], [...side, queries, features]).cast('f32') as Tensor
    return { out: mixed.div(total).cast(v.dtype) as Tensor, logSum: total.log().add(top as Tensor) as Tensor }
  }
  const [out] = withGradient(
    'softmax_attention',
    {
      forward(inputs) {
        const { out, logSum } = forward(inputs)
        return [[out], [...inputs, out, logSum]]
      },
      backward(residuals, grads) {
        const [q, k, v, out, logSum, grad] = barrier([...residuals, ...grads])
        const weights = logitsOf(q, k).sub(logSum).exp()
        // d softmax: weights (g v^T - sum of g out over features).
        const along = einsum([grad, v], [...side, queries, keys]).cast('f32') as Tensor
        const mean = grad.cast('f32').mul(out.cast('f32')).sum(features) as Tensor
        const dlogits = weights.mul(along.sub(mean)).cast(q.dtype) as Tensor
        return [
          einsum([dlogits, k], [...side, queries, features]) as Tensor,
          einsum([dlogits, q], [...side, keys, features]) as Tensor,
          einsum([weights.cast(grad.dtype) as Tensor, grad], [...side, keys, features]) as Tensor,
        ]
      },
    },
    (inputs) => [forward(inputs).out],
  )([q, k, v])
  return out
}

/** Most blocks of queries that causal attention is cut into: what it computes in vain goes with one over this. */
const BLOCKS = 4
/** Fewest queries in a block. */
const SMALLEST = 128

/**
 * Causal attention, in blocks of queries against the keys up to each block's end: of the keys after a query only those of
 * its own block are computed in vain. q [side, queries, features], k and v [side, keys, features], of equal lengths.
 */
export function causalAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  shape: AttentionShape,
  hidden: number,
  { parts: split }: Pick<Model, 'parts'>,
): Tensor {
  const { queries, keys } = shape
  const length = queries.size
  // Positions that a mesh splits are not cut besides: a block would be on some of the devices only.
  const whole = split(queries.name) > 1 || split(keys.name) > 1
  const size = whole ? length : Math.max(SMALLEST, Math.ceil(length / BLOCKS))
  const parts: Tensor[] = []
  for (let start = 0; start < length; start += size) {
    const count = Math.min(size, length - start)
    const block = { ...shape, queries: dim(queries.name, count), keys: dim(keys.name, start + count) }
    const visible = () => compare(range(block.keys), 'LE', (range(block.queries) as Tensor).add(start)) as Tensor
    parts.push(
      softmaxAttention(
        slice(q, queries, start, count),
        slice(k, keys, 0, start + count),
        slice(v, keys, 0, start + count),
        block,
        visible,
        hidden,
      ),
    )
  }
  return concat(parts, queries.name)
}
