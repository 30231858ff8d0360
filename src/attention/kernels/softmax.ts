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
  tanh,
  type Tensor,
  where,
  withGradient,
  zeros,
} from '../../tensor/index.js'
import type { AttentionShape } from '../contract.js'
import { intoParts, outOfParts, partsOf } from './split-sequence.js'
import { forEachTile, padTo, tileAt, writeTile } from './tiles.js'

/** What is added to logits, or changes them; all in f32. */
export interface LogitTerms {
  /** Logits become softcap tanh(logit / softcap). @default none */
  readonly softcap?: number
  /** The logit of query i and key j has queries_i - keys_j added: numbers of each position, without features. */
  readonly decay?: { readonly queries: Tensor; readonly keys: Tensor }
  /** A logit in the softmax's sum that has no value: some of the dims that run side by side. */
  readonly sinks?: Tensor
}

/** Queries against keys: dims that run side by side, then positions, then features. */
export interface TileShape {
  /** Of queries. Keys and values have these, or some of them: queries then share a key. */
  readonly batchDims: readonly Dim[]
  /** Parts of a split sequence, one of `batchDims`: queries are the positions of each. */
  readonly part?: Dim
  readonly queries: Dim
  readonly keys: Dim
  readonly features: Dim
  /** Features of values. @default features */
  readonly values?: Dim
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
 * idea: Dao et al. 2022, "FlashAttention". q [batchDims, queries, features] and the result [batchDims, queries, values], k and v
 * [batchDims, keys, features or values].
 */
export function softmaxAttention(q: Tensor, k: Tensor, v: Tensor, shape: TileShape, terms: LogitTerms = {}): Tensor {
  const plan = planOf(shape, k, v, terms)
  const { decay, sinks } = terms
  const added = [...(decay ? [decay.queries, decay.keys] : []), ...(sinks ? [sinks] : [])]
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
  )([q, k, v, ...added])
  return out
}

function planOf({ queries, keys, radius, tile, ...shape }: TileShape, k: Tensor, v: Tensor, terms: LogitTerms) {
  const size = Math.min(tile, queries.size)
  const tiles = dim('blocks', Math.ceil(queries.size / size))
  // A multiple of 64: products are faster.
  const window = Math.min(keys.size, Math.ceil((size + radius - 1) / 64) * 64)
  const dimsOf = (x: Tensor) => shape.batchDims.filter(({ name }) => x.dims.some((each) => each.name === name))
  const ofKeys = dimsOf(k)
  const sharing = shape.batchDims.filter((each) => !ofKeys.includes(each) && each.name !== shape.part?.name)
  return {
    ...shape,
    values: shape.values ?? shape.features,
    softcap: terms.softcap ?? 0,
    hasDecay: terms.decay !== undefined,
    hasSinks: terms.sinks !== undefined,
    ofValues: dimsOf(v),
    /** Dims of logits with keys before queries, as the larger two of the products of the gradient want them. */
    turned: (keyTile: Dim, queryTile: Dim) => [
      ...shape.batchDims.filter((each) => !sharing.includes(each)),
      keyTile,
      ...sharing,
      queryTile,
    ],
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

/** The inputs by what they are. */
function named([q, k, v, ...more]: readonly Tensor[], { hasDecay, hasSinks }: Plan) {
  const decay = hasDecay ? { queries: more[0], keys: more[1] } : null
  return {
    q,
    k,
    v,
    decay,
    sinks: hasSinks ? more[hasDecay ? 2 : 0] : null,
    rest: more.slice((hasDecay ? 2 : 0) + (hasSinks ? 1 : 0)),
  }
}

/** Logits from products of queries and keys, and what a gradient of the logits is multiplied by for the products. */
function capped(products: Tensor, { softcap }: Plan): { logits: Tensor; slope: Tensor | null } {
  if (softcap === 0) return { logits: products, slope: null }
  const part = tanh(products.mul(1 / softcap))
  return { logits: part.mul(softcap), slope: part.square().neg().add(1) }
}

function forward(inputs: readonly Tensor[], plan: Plan) {
  const { batchDims, queries, keys, values: width, all, padded, tiles, maskValue } = plan
  const { q, k, v, decay, sinks } = named(inputs, plan)
  const paddedQueries = padTo(q, all.queries, padded.size)
  const ofQueries = decay && padTo(decay.queries, all.queries, padded.size)
  const results = {
    out: zeros([...batchDims, padded, width], v.dtype),
    logSums: zeros([...batchDims, padded]),
  }
  const { out, logSums } = forEachTile(tiles, results, (carry, at) => {
    const { start, keyStart, mask } = tilePositions(at, plan)
    const queryTile = tileAt(paddedQueries, padded, start, queries)
    const [keyTile, values] = [k, v].map((x) => tileAt(x, all.keys, keyStart, keys))
    const products = einsum([queryTile, keyTile], [...batchDims, queries, keys]).cast('f32')
    const { logits: plain } = capped(products, plan)
    const decayed =
      decay && ofQueries
        ? plain.add(tileAt(ofQueries, padded, start, queries).sub(tileAt(decay.keys, all.keys, keyStart, keys)))
        : plain
    const logits = where(mask(), decayed, maskValue)
    const most = maxForExp(logits, keys)
    const top = sinks ? most.maximum(sinks) : most
    const exps = logits.sub(top).exp()
    const sum = exps.sum(keys)
    const total = sinks ? sum.add(sinks.sub(top).exp()) : sum
    const weights = exps.div(total).cast(v.dtype)
    const mixed = einsum([weights, values], [...batchDims, queries, width])
    return {
      out: writeTile(carry.out, padded, start, mixed, queries),
      logSums: writeTile(carry.logSums, padded, start, total.log().add(top), queries),
    }
  })
  return { out: slice(out, padded, 0, all.queries.size), logSums }
}

function backward(given: readonly Tensor[], plan: Plan): Tensor[] {
  const { batchDims, ofKeys, ofValues, queries, keys, features, values: width, all, padded, tiles, maskValue } = plan
  const { q, k, v, decay, sinks, rest } = named(given, plan)
  const [out, logSums, grad] = rest
  const fill = (x: Tensor) => padTo(x, all.queries, padded.size)
  const means = fill(grad.cast('f32').mul(out.cast('f32')).sum(width))
  const paddedGrad = fill(grad)
  // The gradient of q reuses the memory of q.
  const results = { q: fill(q), k: zeros(k.dims), v: zeros(v.dims), ...(decay && { decay: zeros(decay.keys.dims) }) }
  const paddedDecay = decay && fill(decay.queries)
  const {
    q: dq,
    k: dk,
    v: dv,
    decay: dDecay,
  } = forEachTile(tiles, results, (carry, at) => {
    const { start, keyStart, mask } = tilePositions(at, plan)
    const ofQueries = (x: Tensor) => tileAt(x, padded, start, queries)
    const [queryTile, gradTile, logSum, mean] = [carry.q, paddedGrad, logSums, means].map(ofQueries)
    const [keyTile, values] = [k, v].map((x) => tileAt(x, all.keys, keyStart, keys))
    // Keys before queries, as the larger two of the three products want them.
    const turned = plan.turned(keys, queries)
    const { logits: plain, slope } = capped(einsum([keyTile, queryTile], turned).cast('f32'), plan)
    const decayed =
      decay && paddedDecay ? plain.add(ofQueries(paddedDecay).sub(tileAt(decay.keys, all.keys, keyStart, keys))) : plain
    const logits = where(mask(), decayed, maskValue)
    const weights = logits.sub(logSum).exp()
    // d softmax: weights (g v^T - sum of g out over features).
    const along = einsum([values, gradTile], turned).cast('f32')
    const wide = weights.mul(along.sub(mean))
    const dlogits = (slope ? wide.mul(slope) : wide).cast(q.dtype)
    // Blocks share keys: what each adds is summed in f32.
    const accumulate = (x: Tensor, update: Tensor) => {
      if (tiles.size === 1) return update
      return writeTile(x, all.keys, keyStart, tileAt(x, all.keys, keyStart, keys).add(update.cast('f32')), keys)
    }
    return {
      q: writeTile(carry.q, padded, start, einsum([dlogits, keyTile], [...batchDims, queries, features]), queries),
      k: accumulate(carry.k, einsum([dlogits, queryTile], [...ofKeys, keys, features])),
      v: accumulate(carry.v, einsum([weights.cast(grad.dtype), gradTile], [...ofValues, keys, width])),
      ...(decay && {
        decay: accumulate(
          carry.decay!,
          sumTo(
            wide,
            decay.keys.dims.map((each) => (each.name === all.keys.name ? keys : each)),
          ),
        ),
      }),
    }
  })
  const gradients = [slice(dq, padded, 0, all.queries.size), dk.cast(k.dtype), dv.cast(v.dtype)]
  // The weights of a query sum to 1 without a sink, so that its own number has no gradient; a sink takes what they lack.
  const ofSinks = sinks && slice(sinks.sub(logSums).exp().mul(means), padded, 0, all.queries.size)
  if (decay) gradients.push(ofSinks ? sumTo(ofSinks, decay.queries.dims) : zeros(decay.queries.dims), dDecay!.neg())
  if (ofSinks && sinks) gradients.push(sumTo(ofSinks, sinks.dims).neg())
  return gradients
}

/** The sum over all dims but these. */
function sumTo(x: Tensor, dims: readonly Dim[]): Tensor {
  return einsum([x], dims)
}

/** Maximum number of slices; wasted work falls as 1 / SLICES. */
const SLICES = 4
/** Fewest queries in a slice. */
const SMALLEST = 128
/** Most queries that are worked on at a time: weights are [tile, keys]. */
const TILE = 512

/**
 * Attention of each position to itself and all earlier ones, in slices of queries against the keys up to each slice's end:
 * of the keys after a query only those of its slice are wasted work. q, k, v and the result [batch, heads, ...,
 * positions, features], positions being `sequence` for queries and `memory_length` for keys.
 */
export function causalAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  model: AttentionShape,
  maskValue: number,
  terms: LogitTerms = {},
): Tensor {
  const { sequence, memory } = model
  const batchDims = q.dims.slice(0, -2)
  const [features, values] = [q.dims.at(-1)!, v.dims.at(-1)!]
  const shape = { batchDims, features, values, before: 0, radius: Infinity, tile: TILE, maskValue }
  const parts = partsOf(model)
  if (parts) {
    const { part, positions } = parts
    const split = { ...shape, batchDims: [...batchDims, part], part, queries: positions, keys: memory }
    const inParts = terms.decay && { ...terms.decay, queries: intoParts(terms.decay.queries, parts) }
    return outOfParts(softmaxAttention(intoParts(q, parts), k, v, split, { ...terms, decay: inParts }), parts)
  }
  // Keys that a mesh splits are not cut: a slice would be on some of the devices only.
  if (model.parts(memory.name) > 1)
    return softmaxAttention(q, k, v, { ...shape, queries: sequence, keys: memory }, terms)

  const length = sequence.size
  const size = Math.max(SMALLEST, Math.ceil(length / SLICES))
  const slices: Tensor[] = []
  for (let before = 0; before < length; before += size) {
    const count = Math.min(size, length - before)
    const [queryTile, keys, valueSlice] = [
      slice(q, sequence, before, count),
      slice(k, memory, 0, before + count),
      slice(v, memory, 0, before + count),
    ]
    const part = { ...shape, queries: dim(sequence.name, count), keys: dim(memory.name, before + count), before }
    const decay = terms.decay && {
      queries: slice(terms.decay.queries, sequence, before, count),
      keys: slice(terms.decay.keys, memory, 0, before + count),
    }
    slices.push(softmaxAttention(queryTile, keys, valueSlice, part, { ...terms, decay }))
  }
  return concat(slices, sequence.name)
}
