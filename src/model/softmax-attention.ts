import {
  and,
  barrier,
  concat,
  constant,
  dim,
  einsum,
  range,
  slice,
  where,
  withGradient,
  zeros,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import { cut, filledUp, overBlocks, put } from './blocks.js'
import type { Model } from './dims.js'
import { intoParts, outOfParts, partsOf } from './split-sequence.js'

/** Queries against keys: dims that run side by side, then positions, then features. */
export interface AttentionShape {
  /** Of queries. Keys and values have these, or those but `part`. */
  readonly side: readonly Dim[]
  /** Parts of a split sequence, one of `side`: queries are the positions of each. */
  readonly part?: Dim
  readonly queries: Dim
  readonly keys: Dim
  readonly features: Dim
  /**
   * Keys before the first query, as they are given. Where each part has keys of its own, those of the first part are
   * fillers. A query sees the keys up to its own place.
   */
  readonly before: number
  /** How many keys a query sees, the one in its own place among them; Infinity for all. */
  readonly radius: number
  /** Queries worked on at a time. */
  readonly block: number
  /** Logit of a key that is not seen. */
  readonly hidden: number
}

/**
 * softmax(q k^T) v in the dtype of v, softmax in f32 and rounded to that dtype, without scaling, by blocks of queries and of the keys that they may
 * see: memory grows with the length, not its square. What it keeps for the gradient is one number a query, the logarithm
 * of its softmax's sum: the weights are computed again, which takes less time than writing and reading them. Source of the
 * idea: Dao et al. 2022, "FlashAttention". q and the result [side, queries, features], k and v [side, keys, features].
 */
export function softmaxAttention(q: Tensor, k: Tensor, v: Tensor, shape: AttentionShape): Tensor {
  const plan = planOf(shape, k)
  const [out] = withGradient(
    'softmax_attention',
    {
      forward(inputs) {
        const { out, logSums } = forward(inputs, plan)
        return [[out], [...inputs, out, logSums]]
      },
      backward: (residuals, grads) => backward(barrier([...residuals, ...grads]), plan),
    },
    (inputs) => [forward(inputs, plan).out],
  )([q, k, v])
  return out
}

function planOf({ queries, keys, radius, block, ...shape }: AttentionShape, k: Tensor) {
  const size = Math.min(block, queries.size)
  const blocks = dim('blocks', Math.ceil(queries.size / size))
  // A multiple of 64: products are faster.
  const window = Math.min(keys.size, Math.ceil((size + radius - 1) / 64) * 64)
  const ofKeys = shape.side.filter(({ name }) => k.dims.some((own) => own.name === name))
  return {
    ...shape,
    radius,
    blocks,
    all: { queries, keys },
    /** Dims that keys run side by side along. */
    ofKeys,
    /** Queries with fillers. */
    filled: dim(queries.name, blocks.size * size),
    queries: dim('query_block_length', size),
    // All of them stay split where a mesh splits them.
    keys: window === keys.size ? keys : dim('memory_block_length', window),
  }
}
type Plan = ReturnType<typeof planOf>

/** Where block `at` has its queries and its keys, and which of those each query sees. */
function placesOf(at: Tensor<never>, { queries, keys, all, ofKeys, part, before, radius }: Plan) {
  const start = at.mul(queries.size)
  const spare = all.keys.size - keys.size
  const last = () => start.add(before + queries.size - keys.size)
  const keyStart = spare === 0 ? constant(0, 'i32') : last().maximum(0).minimum(spare)
  const seen = (): Tensor => {
    const place: Tensor = start.add(before).add(range(queries))
    const key: Tensor = keyStart.add(range(keys))
    const partStart = part && range(part).mul(all.queries.size)
    const shared = part && !ofKeys.includes(part)
    const own = shared ? place.add(partStart!) : place
    const earlier = key.lessEqual(own)
    const near = Number.isFinite(radius) ? and(earlier, key.greater(own.sub(radius))) : earlier
    return (partStart && !shared ? and(near, key.add(partStart).greaterEqual(before)) : near) as Tensor
  }
  return { start, keyStart, seen }
}

function forward([q, k, v]: readonly Tensor[], plan: Plan) {
  const { side, queries, keys, features, all, filled, blocks, hidden } = plan
  const filledQueries = filledUp(q, all.queries, filled.size)
  const results = {
    out: zeros([...side, filled, features], v.dtype) as Tensor,
    logSums: zeros([...side, filled]) as Tensor,
  }
  const { out, logSums } = overBlocks(blocks, results, (carry, at) => {
    const { start, keyStart, seen } = placesOf(at, plan)
    const some = cut(filledQueries, filled, start, queries)
    const [theirKeys, values] = [k, v].map((x) => cut(x, all.keys, keyStart, keys))
    const logits = where(seen(), einsum([some, theirKeys], [...side, queries, keys]).cast('f32'), hidden) as Tensor
    const top = logits.max(keys) as Tensor
    const exps = logits.sub(top).exp() as Tensor
    const total = exps.sum(keys) as Tensor
    const weights = exps.div(total).cast(v.dtype) as Tensor
    const mixed = einsum([weights, values], [...side, queries, features]) as Tensor
    return {
      out: put(carry.out, filled, start, mixed, queries),
      logSums: put(carry.logSums, filled, start, total.log().add(top) as Tensor, queries),
    }
  })
  return { out: slice(out, filled, 0, all.queries.size) as Tensor, logSums }
}

function backward([q, k, v, out, logSums, grad]: readonly Tensor[], plan: Plan): Tensor[] {
  const { side, ofKeys, queries, keys, features, all, filled, blocks, hidden } = plan
  const fill = (x: Tensor) => filledUp(x, all.queries, filled.size)
  const means = fill(grad.cast('f32').mul(out.cast('f32')).sum(features) as Tensor)
  const filledGrad = fill(grad)
  // The gradient of q takes the place of q, which saves making room for it.
  const results = { q: fill(q), k: zeros(k.dims) as Tensor, v: zeros(v.dims) as Tensor }
  const {
    q: dq,
    k: dk,
    v: dv,
  } = overBlocks(blocks, results, (carry, at) => {
    const { start, keyStart, seen } = placesOf(at, plan)
    const ofQueries = (x: Tensor) => cut(x, filled, start, queries)
    const [some, theirGrad, logSum, mean] = [carry.q, filledGrad, logSums, means].map(ofQueries)
    const [theirKeys, values] = [k, v].map((x) => cut(x, all.keys, keyStart, keys))
    // Keys before queries, as the larger two of the three products want them.
    const logits = where(seen(), einsum([theirKeys, some], [...side, keys, queries]).cast('f32'), hidden) as Tensor
    const weights = logits.sub(logSum).exp() as Tensor
    // d softmax: weights (g v^T - sum of g out over features).
    const along = einsum([values, theirGrad], [...side, keys, queries]).cast('f32') as Tensor
    const dlogits = weights.mul(along.sub(mean)).cast(q.dtype) as Tensor
    // Blocks share keys: what each adds is summed in f32.
    const more = (x: Tensor, update: Tensor) => {
      if (blocks.size === 1) return update
      return put(x, all.keys, keyStart, cut(x, all.keys, keyStart, keys).add(update.cast('f32')) as Tensor, keys)
    }
    return {
      q: put(carry.q, filled, start, einsum([dlogits, theirKeys], [...side, queries, features]) as Tensor, queries),
      k: more(carry.k, einsum([dlogits, some], [...ofKeys, keys, features]) as Tensor),
      v: more(carry.v, einsum([weights.cast(grad.dtype) as Tensor, theirGrad], [...ofKeys, keys, features]) as Tensor),
    }
  })
  return [slice(dq, filled, 0, all.queries.size) as Tensor, dk.cast(k.dtype) as Tensor, dv.cast(v.dtype) as Tensor]
}

/** Most slices that causal attention is cut into: what it computes in vain goes with one over this. */
const SLICES = 4
/** Fewest queries in a slice. */
const SMALLEST = 128
/** Most queries that are worked on at a time: weights are [block, keys]. */
const BLOCK = 512

/**
 * Attention of each position to itself and all earlier ones, in slices of queries against the keys up to each slice's end:
 * of the keys after a query only those of its own slice are computed in vain. q, k, v and the result [batch, heads,
 * positions, features], positions being `sequence` for queries and `memory_length` for keys.
 */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor, model: Model, hidden: number): Tensor {
  const { batch, heads, sequence, memory, features } = model
  const side = [batch, heads]
  const shape = { side, features, before: 0, radius: Infinity, block: BLOCK, hidden }
  const parts = partsOf(model)
  if (parts) {
    const { part, positions } = parts
    const split = { ...shape, side: [...side, part], part, queries: positions, keys: memory }
    return outOfParts(softmaxAttention(intoParts(q, parts), k, v, split), parts)
  }
  // Keys that a mesh splits are not cut: a slice would be on some of the devices only.
  if (model.parts(memory.name) > 1) return softmaxAttention(q, k, v, { ...shape, queries: sequence, keys: memory })

  const length = sequence.size
  const size = Math.max(SMALLEST, Math.ceil(length / SLICES))
  const slices: Tensor[] = []
  for (let before = 0; before < length; before += size) {
    const count = Math.min(size, length - before)
    const [some, keys, values] = [
      slice(q, sequence, before, count),
      slice(k, memory, 0, before + count),
      slice(v, memory, 0, before + count),
    ]
    const own = { ...shape, queries: dim(sequence.name, count), keys: dim(memory.name, before + count), before }
    slices.push(softmaxAttention(some, keys, values, own))
  }
  return concat(slices, sequence.name)
}
