import {
  barrier,
  broadcast,
  compare,
  concat,
  dim,
  type Dim,
  einsum,
  maxForExp,
  ones,
  range,
  reshape,
  scan,
  sizeOf,
  slice,
  type Tensor,
  where,
  withGradient,
  zeros,
} from '../../tensor/index.js'
import { padTo, tileAt, tileIndices, writeTile } from './tiles.js'

/** Added to the sums of keys, so that a quotient is never 0 / 0. */
export const EPSILON = 1e-6
/** Positions in a chunk, whose weights are made one by one; earlier ones come as a state. */
const CHUNK = 64
/** Chunks in a block: few, so that all that is made of it stays in a processor's caches. */
const CHUNKS = 8

export interface LinearShape {
  /** Dims that run side by side. */
  readonly batchDims: readonly Dim[]
  readonly positions: Dim
  /** Features of queries and keys. */
  readonly into: Dim
  /** Features of values. */
  readonly features: Dim
}

/** A state of nothing. f32 [batchDims, into, features + 1]. */
export function emptyState({ batchDims, into, features }: LinearShape): Tensor {
  return zeros([...batchDims, into, widened(features)])
}

/** What all positions add to a state. k and v as in `chunkedLinearAttention`; f32 [batchDims, into, features + 1]. */
export function stateOf(k: Tensor, v: Tensor, { batchDims, into, features }: LinearShape): Tensor {
  return einsum([k.exp(), withOnes(v, features)], [...batchDims, into, widened(features)])
}

/** A state from its two parts: sums of k (x) v [batchDims, into, features], and of k [batchDims, into]. */
export function joinState(state: Tensor, total: Tensor, { batchDims, into, features }: LinearShape): Tensor {
  const { name } = widened(features)
  const sums = state.rename(features, dim(name, features.size))
  return concat([sums, reshape(total, [...batchDims, into, dim(name, 1)])], name)
}

/**
 * With q = softmax(q over into) and k = exp(k), and S_i = sum_{j<=i} k_j (x) v_j and z_i = sum_{j<=i} k_j + 1e-6, the
 * result (q_i S_i) / (q_i . z_i) at each position. f32; the inputs are q and k [batchDims, positions, into] and v [batchDims,
 * positions, features], as the result; `before` is the state before the first position. The weights are made within
 * chunks, [chunk, chunk]; what came before a chunk is a state, [into, features]; a block of chunks is worked on at a time,
 * and its first state kept for the gradient. z is one column more of S, whose values are ones. Dividing q by its sum would
 * change nothing of the result.
 */
export function chunkedLinearAttention(inputs: readonly Tensor[], before: Tensor, shape: LinearShape): Tensor {
  const plan = planOf(shape)
  const [out] = withGradient(
    'linear_attention',
    {
      forward(inputs) {
        const { out, totals, states } = forward(inputs, plan)
        return [[out], [...inputs, out, totals, states]]
      },
      backward: (residuals, grads) => backward(barrier([...residuals, ...grads]), plan),
    },
    (inputs) => [forward(inputs, plan).out],
  )([...inputs, before])
  return out
}

function planOf({ batchDims, positions, into, features }: LinearShape) {
  const size = Math.min(CHUNK, positions.size)
  const count = Math.min(CHUNKS, Math.ceil(positions.size / size))
  const blocks = dim('blocks', Math.ceil(positions.size / (size * count)))
  const chunks = dim('chunks', count)
  return {
    batchDims,
    positions,
    into,
    features,
    /** Features of values, and the one that is 1. */
    wide: widened(features),
    blocks,
    /** Positions with padding, which comes after every position, so that no position sees them. */
    padded: dim(positions.name, blocks.size * count * size),
    block: dim('block', count * size),
    chunks,
    queries: dim('query_block_length', size),
    keys: dim('memory_block_length', size),
    chunked: [...batchDims, chunks],
  }
}
type Plan = ReturnType<typeof planOf>

/** Block `at` of each, in chunks along `within`. */
function blockOf(x: Tensor, at: Tensor<never>, within: Dim, { batchDims, padded, block, chunked }: Plan): Tensor {
  const rows = tileAt(x, padded, at.mul(block.size), block)
  return reshape(rows, [...chunked, within, ...x.dims.slice(batchDims.length + 1)])
}

/** `x` with its block `at`, given in chunks. */
function withBlock(x: Tensor, at: Tensor<never>, part: Tensor, { batchDims, padded, block }: Plan): Tensor {
  const rows = reshape(part, [...batchDims, block, ...x.dims.slice(batchDims.length + 1)])
  return writeTile(x, padded, at.mul(block.size), rows, block)
}

/** The features, and the one that is 1: a dim that no layout splits, for it would divide features unevenly. */
const widened = ({ size }: Dim) => dim('features_and_total', size + 1)

/** The features of what has those and a total. */
const featuresAlone = (x: Tensor, features: Dim): Tensor => {
  const wide = widened(features)
  const sliced = slice(x, wide, 0, features.size)
  return sliced.rename(dim(wide.name, features.size), features)
}

/** A column of ones beside the features. */
function withOnes(v: Tensor, features: Dim): Tensor {
  const { name } = widened(features)
  const renamed = v.rename(features, dim(name, features.size))
  return concat([renamed, ones([...v.dims.slice(0, -1), dim(name, 1)])], name)
}

/** The features of queries and keys. Queries lack a factor, which cancels out of the result. */
const featuresOf = (q: Tensor, k: Tensor, { into }: Plan): Tensor[] => [q.sub(maxForExp(q, into)).exp(), k.exp()]

/** The same, made once, in memory in the order of their dims, as products want them; split as a mesh splits `batchDims`. */
function inMemory(tensors: readonly Tensor[], { batchDims }: Plan): readonly Tensor[] {
  const flat = tensors.map((x) => reshape(x, [...batchDims, dim('flat', sizeOf(x.dims.slice(batchDims.length)))]))
  return barrier(flat).map((x, i) => reshape(x, tensors[i].dims))
}

/** For each index along a dim the sum of what is before it, or after it if `reverse`. */
export function sumBefore(x: Tensor, along: Dim, reverse = false): Tensor {
  const others = dim(`other_${along.name}`, along.size)
  const counts = compare(range(others), reverse ? 'GT' : 'LT', range(along)).cast('f32')
  const batchDims = x.dims.slice(
    0,
    x.dims.findIndex(({ name }) => name === along.name),
  )
  return einsum([broadcast(counts, [...batchDims, along, others]), x.rename(along, others)], x.dims)
}

/** The state before each chunk of a block, from the sums of each and the state before all; after each if `reverse`. */
function statesOf(sums: Tensor, first: Tensor, { chunks }: Plan, reverse = false): Tensor {
  return sumBefore(sums, chunks, reverse).add(first)
}

/** The state beyond all chunks of a block: that at its last chunk, or first if `reverse`, with that chunk's sum. */
function stateBeyond(states: Tensor, sums: Tensor, { chunks }: Plan, reverse = false): Tensor {
  const last = (x: Tensor) => slice(x, chunks, reverse ? 0 : chunks.size - 1, 1).sum(dim(chunks.name, 1))
  return last(states).add(last(sums))
}

function forward([q, k, v, initial]: readonly Tensor[], plan: Plan) {
  const { batchDims, positions, into, features, wide, blocks, padded, queries, keys, chunked } = plan
  const [allQ, allK, allV] = [q, k, v].map((x) => padTo(x, positions, padded.size))
  const first = {
    state: initial,
    out: zeros([...batchDims, padded, features]),
  }
  const [{ out }, { totals, states }] = scan(blocks, first, tileIndices(blocks), ({ state, out }, at) => {
    const [qs, ks, vs] = inMemory(
      [
        ...featuresOf(blockOf(allQ, at, queries, plan), blockOf(allK, at, keys, plan), plan),
        withOnes(blockOf(allV, at, keys, plan), features),
      ],
      plan,
    )
    const sums = einsum([ks, vs], [...chunked, into, wide])
    const before = statesOf(sums, state, plan)
    const weights = where(range(keys).lessEqual(range(queries)), einsum([qs, ks], [...chunked, queries, keys]), 0)
    const far = einsum([qs, before], [...chunked, queries, wide])
    const tops = einsum([weights, vs], [...chunked, queries, wide]).add(far)
    const total = slice(tops, wide, features.size, 1).sum(dim(wide.name, 1))
    const totals = total.add(qs.sum(into).mul(EPSILON))
    const mixed = featuresAlone(tops, features).div(totals)
    const next = { state: stateBeyond(before, sums, plan), out: withBlock(out, at, mixed, plan) }
    return [next, { totals, states: state }] as const
  })
  return { out: slice(out, padded, 0, positions.size), totals, states }
}

function backward([q, k, v, , out, totals, states, grad]: readonly Tensor[], plan: Plan): Tensor[] {
  const { batchDims, positions, into, features, wide, blocks, padded, queries, keys, chunked } = plan
  const [allQ, allK, allV, allOut, allGrad] = [q, k, v, out, grad].map((x) => padTo(x, positions, padded.size))
  const along = allGrad.mul(allOut).sum(features)
  // Each gradient reuses the memory of an input that only it depends on.
  const first = { state: zeros([...batchDims, into, wide]), q: allQ, k: allK, v: allGrad }
  const xs = { at: tileIndices(blocks), totals, states }
  const [{ state, q: dq, k: dk, v: dv }] = scan(
    blocks,
    first,
    xs,
    (carry, { at, totals, states }) => {
      const dtotal = blockOf(along, at, queries, plan).div(totals).neg()
      const dtop = blockOf(carry.v, at, queries, plan).div(totals)
      const [qs, ks, vs, dtops] = inMemory(
        [
          ...featuresOf(blockOf(carry.q, at, queries, plan), blockOf(carry.k, at, keys, plan), plan),
          withOnes(blockOf(allV, at, keys, plan), features),
          concat(
            [
              dtop.rename(features, dim(wide.name, features.size)),
              reshape(dtotal, [...dtotal.dims, dim(wide.name, 1)]),
            ],
            wide.name,
          ),
        ],
        plan,
      )
      const before = statesOf(einsum([ks, vs], [...chunked, into, wide]), states, plan)
      const sums = einsum([qs, dtops], [...chunked, into, wide])
      const later = statesOf(sums, carry.state, plan, true)
      const near = (x: Tensor) => where(range(keys).lessEqual(range(queries)), x, 0)
      const weights = near(einsum([ks, qs], [...chunked, keys, queries]))
      const dweights = near(einsum([dtops, vs], [...chunked, queries, keys]))
      const dqs = einsum([dweights, ks], [...chunked, queries, into])
        .add(einsum([dtops, before], [...chunked, queries, into]))
        .add(dtotal.mul(EPSILON))
      const dks = einsum([dweights, qs], [...chunked, keys, into]).add(einsum([vs, later], [...chunked, keys, into]))
      const dvs = einsum([weights, dtops], [...chunked, keys, wide]).add(einsum([ks, later], [...chunked, keys, wide]))
      const next = {
        state: stateBeyond(later, sums, plan, true),
        q: withBlock(carry.q, at, dqs.mul(qs), plan),
        k: withBlock(carry.k, at, dks.mul(ks), plan),
        v: withBlock(carry.v, at, featuresAlone(dvs, features), plan),
      }
      return [next, []]
    },
    { reverse: true },
  )
  return [...[dq, dk, dv].map((x) => slice(x, padded, 0, positions.size)), state]
}
