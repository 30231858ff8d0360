import {
  and,
  barrier,
  concat,
  constant,
  dim,
  type Dim,
  einsum,
  maxForExp,
  range,
  slice,
  type Tensor,
  where,
  withGradient,
  zeros,
} from '../../tensor/index.js'
import type { AttentionShape } from '../contract.js'
import { intoParts, outOfParts, partsOf } from './split-sequence.js'
import { forEachTile, padTo, tileAt, writeTile } from './tiles.js'

/** Queries against keys: dims that run side by side, then positions, then features. */
export interface TileShape {
  /** Of queries. Keys and values have these, or those but `part`. */
  readonly batchDims: readonly Dim[]
  /** Parts of a split sequence, one of `batchDims`: queries are the positions of each. */
  readonly part?: Dim
  readonly queries: Dim
  readonly keys: Dim
  readonly features: Dim
  /**
   * Keys before the first query, as they are given. Where each part has its keys, those of the first part are
   * padding. A query sees the keys up to its position.
   */
  readonly before: number
  /** How many keys a query sees, that of its position among them; Infinity for all. */
  readonly radius: number
  /** Queries worked on at a time. */
  readonly tile: number
  /** Logit of a masked key. */
  readonly maskValue: number
}

/**
 * softmax(q k^T) v in the dtype of v, softmax in f32 and rounded to that dtype, without scaling, by tiles of queries and of the keys that they may
 * see: memory grows with the length, not its square. What it keeps for the gradient is one number a query, the logarithm
 * of its softmax's sum: the weights are computed again, which takes less time than writing and reading them. Source of the
 * idea: Dao et al. 2022, "FlashAttention". q and the result [batchDims, queries, features], k and v [batchDims, keys, features].
 */
export function softmaxAttention(q: Tensor, k: Tensor, v: Tensor, shape: TileShape): Tensor {
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

function planOf({ queries, keys, radius, tile, ...shape }: TileShape, k: Tensor) {
  const size = Math.min(tile, queries.size)
  const tiles = dim('blocks', Math.ceil(queries.size / size))
  // A multiple of 64: products are faster.
  const window = Math.min(keys.size, Math.ceil((size + radius - 1) / 64) * 64)
  const ofKeys = shape.batchDims.filter(({ name }) => k.dims.some((each) => each.name === name))
  return {
    ...shape,
    radius,
    tiles,
    all: { queries, keys },
    /** Dims that keys run side by side along. */
    ofKeys,
    /** Queries with padding. */
    padded: dim(queries.name, tiles.size * size),
    queries: dim('query_block_length', size),
    // All of them stay split where a mesh splits them.
    keys: window === keys.size ? keys : dim('memory_block_length', window),
  }
}
type Plan = ReturnType<typeof planOf>

/** Where tile `at` has its queries and its keys, and which of those each query sees. */
function tilePositions(at: Tensor<never>, { queries, keys, all, ofKeys, part, before, radius }: Plan) {
  const start = at.mul(queries.size)
  const outside = all.keys.size - keys.size
  const last = () => start.add(before + queries.size - keys.size)
  const keyStart = outside === 0 ? constant(0, 'i32') : last().maximum(0).minimum(outside)
  const mask = (): Tensor => {
    const position: Tensor = start.add(before).add(range(queries))
    const key: Tensor = keyStart.add(range(keys))
    const partStart = part && range(part).mul(all.queries.size)
    const shared = part && !ofKeys.includes(part)
    const last = shared ? position.add(partStart!) : position
    const earlier = key.lessEqual(last)
    const near = Number.isFinite(radius) ? and(earlier, key.greater(last.sub(radius))) : earlier
    return partStart && !shared ? and(near, key.add(partStart).greaterEqual(before)) : near
  }
  return { start, keyStart, mask }
}

function forward([q, k, v]: readonly Tensor[], plan: Plan) {
  const { batchDims, queries, keys, features, all, padded, tiles, maskValue } = plan
  const paddedQueries = padTo(q, all.queries, padded.size)
  const results = {
    out: zeros([...batchDims, padded, features], v.dtype),
    logSums: zeros([...batchDims, padded]),
  }
  const { out, logSums } = forEachTile(tiles, results, (carry, at) => {
    const { start, keyStart, mask } = tilePositions(at, plan)
    const queryTile = tileAt(paddedQueries, padded, start, queries)
    const [keyTile, values] = [k, v].map((x) => tileAt(x, all.keys, keyStart, keys))
    const logits = where(mask(), einsum([queryTile, keyTile], [...batchDims, queries, keys]).cast('f32'), maskValue)
    const top = maxForExp(logits, keys)
    const exps = logits.sub(top).exp()
    const total = exps.sum(keys)
    const weights = exps.div(total).cast(v.dtype)
    const mixed = einsum([weights, values], [...batchDims, queries, features])
    return {
      out: writeTile(carry.out, padded, start, mixed, queries),
      logSums: writeTile(carry.logSums, padded, start, total.log().add(top), queries),
    }
  })
  return { out: slice(out, padded, 0, all.queries.size), logSums }
}

function backward([q, k, v, out, logSums, grad]: readonly Tensor[], plan: Plan): Tensor[] {
  const { batchDims, ofKeys, queries, keys, features, all, padded, tiles, maskValue } = plan
  const fill = (x: Tensor) => padTo(x, all.queries, padded.size)
  const means = fill(grad.cast('f32').mul(out.cast('f32')).sum(features))
  const paddedGrad = fill(grad)
  // The gradient of q reuses the memory of q.
  const results = { q: fill(q), k: zeros(k.dims), v: zeros(v.dims) }
  const {
    q: dq,
    k: dk,
    v: dv,
  } = forEachTile(tiles, results, (carry, at) => {
    const { start, keyStart, mask } = tilePositions(at, plan)
    const ofQueries = (x: Tensor) => tileAt(x, padded, start, queries)
    const [queryTile, gradTile, logSum, mean] = [carry.q, paddedGrad, logSums, means].map(ofQueries)
    const [keyTile, values] = [k, v].map((x) => tileAt(x, all.keys, keyStart, keys))
    // Keys before queries, as the larger two of the three products want them.
    const logits = where(mask(), einsum([keyTile, queryTile], [...batchDims, keys, queries]).cast('f32'), maskValue)
    const weights = logits.sub(logSum).exp()
    // d softmax: weights (g v^T - sum of g out over features).
    const along = einsum([values, gradTile], [...batchDims, keys, queries]).cast('f32')
    const dlogits = weights.mul(along.sub(mean)).cast(q.dtype)
    // Blocks share keys: what each adds is summed in f32.
    const accumulate = (x: Tensor, update: Tensor) => {
      if (tiles.size === 1) return update
      return writeTile(x, all.keys, keyStart, tileAt(x, all.keys, keyStart, keys).add(update.cast('f32')), keys)
    }
    return {
      q: writeTile(carry.q, padded, start, einsum([dlogits, keyTile], [...batchDims, queries, features]), queries),
      k: accumulate(carry.k, einsum([dlogits, queryTile], [...ofKeys, keys, features])),
      v: accumulate(carry.v, einsum([weights.cast(grad.dtype), gradTile], [...ofKeys, keys, features])),
    }
  })
  return [slice(dq, padded, 0, all.queries.size), dk.cast(k.dtype), dv.cast(v.dtype)]
}

/** Maximum number of slices; wasted work falls as 1 / SLICES. */
const SLICES = 4
/** Fewest queries in a slice. */
const SMALLEST = 128
/** Most queries that are worked on at a time: weights are [tile, keys]. */
const TILE = 512

/**
 * Attention of each position to itself and all earlier ones, in slices of queries against the keys up to each slice's end:
 * of the keys after a query only those of its slice are wasted work. q, k, v and the result [batch, heads,
 * positions, features], positions being `sequence` for queries and `memory_length` for keys.
 */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor, model: AttentionShape, maskValue: number): Tensor {
  const { batch, heads, sequence, memory, features } = model
  const batchDims = [batch, heads]
  const shape = { batchDims, features, before: 0, radius: Infinity, tile: TILE, maskValue }
  const parts = partsOf(model)
  if (parts) {
    const { part, positions } = parts
    const split = { ...shape, batchDims: [...batchDims, part], part, queries: positions, keys: memory }
    return outOfParts(softmaxAttention(intoParts(q, parts), k, v, split), parts)
  }
  // Keys that a mesh splits are not cut: a slice would be on some of the devices only.
  if (model.parts(memory.name) > 1) return softmaxAttention(q, k, v, { ...shape, queries: sequence, keys: memory })

  const length = sequence.size
  const size = Math.max(SMALLEST, Math.ceil(length / SLICES))
  const slices: Tensor[] = []
  for (let before = 0; before < length; before += size) {
    const count = Math.min(size, length - before)
    const [queryTile, keys, values] = [
      slice(q, sequence, before, count),
      slice(k, memory, 0, before + count),
      slice(v, memory, 0, before + count),
    ]
    const part = { ...shape, queries: dim(sequence.name, count), keys: dim(memory.name, before + count), before }
    slices.push(softmaxAttention(queryTile, keys, values, part))
  }
  return concat(slices, sequence.name)
}
