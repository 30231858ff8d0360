import {
  concat,
  dim,
  einsum,
  range,
  reshape,
  scan,
  slice,
  transpose,
  where,
  type Dim,
  type Tensor,
} from '../../tensor/index.js'
import { padTo } from './tiles.js'
import { triangularInverse } from './triangular-inverse.js'

/** Positions of a chunk, a power of two. */
const CHUNK = 32
/** Rows of a chunk whose decays by key feature have one reference point. */
const ROWS = 8
/** A decay by key feature is at least e^-20 a position: less is nothing beside 1 in f32. */
const LEAST = -20

export interface RecurrenceShape {
  /** Dims that run side by side, batch first. */
  readonly batchDims: readonly Dim[]
  readonly positions: Dim
  readonly keys: Dim
  readonly values: Dim
}

/** Inputs of a recurrence, f32, their dims in any order. */
export interface Recurrence {
  /** [batchDims, positions, keys] */
  readonly q: Tensor
  readonly k: Tensor
  /** [batchDims, positions, values] */
  readonly v: Tensor
  /** Logarithms of decays, at most 0: [batchDims, positions], or with keys. */
  readonly decay?: Tensor
  /** What is read of the decayed state, and where it is written: by default at k. [batchDims, positions, keys] */
  readonly erase?: { readonly read: Tensor; readonly write?: Tensor }
  /** i32 [batch, positions]: states begin anew with each document. */
  readonly documents?: Tensor
  /** The document that the state is of, i32 [batch]. @default that of the first position */
  readonly documentBefore?: Tensor
}

/**
 * The states S [keys, values] of a recurrence over positions, and what queries read of them:
 *
 *   S' = diag(e^decay_t) S_{t-1};  S_t = S' + write_t (x) (read_t S') + k_t (x) v_t;  o_t = q_t S_t
 *
 * without `erase` S_t = S' + k_t (x) v_t. Result: o [batchDims, positions, values] and the last S [batchDims, keys, values],
 * from the `state` before. Time and memory are linear in positions. Within a chunk the sums over earlier positions are
 * products [chunk, chunk]; what a chunk reads of itself solves a triangular system (the UT transform), for all chunks at
 * once; states are made at the ends of chunks alone, one after the other. A gradient keeps all of it: call it within `remat`.
 * Source: Yang et al. 2024, "Parallelizing Linear Transformers with the Delta Rule over Sequence Length"; 2025, "Gated
 * Delta Networks".
 */
export function chunkedRecurrence(
  given: Recurrence,
  state: Tensor,
  shape: RecurrenceShape,
): { output: Tensor; state: Tensor } {
  const plan = planOf(given, shape)
  const { chunks, rows, columns, batchDims, keys, values } = plan
  const { documents, documentBefore, erase, decay } = given
  const at = (x: Tensor) => inChunks(x, plan)
  const write = erase?.write && at(erase.write)
  const inputs: Inputs = {
    ...{ q: at(given.q), k: at(given.k), v: at(given.v) },
    times: { ...(decay && { decay: at(decay) }), ...(documents && documentsOf(documents, plan, documentBefore)) },
    ...(erase && { read: at(erase.read) }),
    ...(write && { write }),
  }
  const all = [chunks, ...batchDims, rows, values]
  const earlier = (x: Tensor) => x.rename(rows, columns)
  const { from, scores, scoresOfWrites, ...steps } = prepare(inputs, plan)
  const order = [...batchDims, keys, values]
  const [last, { before, solved }] = scan(
    chunks,
    transpose(state, order),
    steps,
    (state, { whole, added, reach, base, to }) => {
      const faded: Tensor = whole ? state.mul(whole) : state
      if (!to) return [faded.add(added!), { before: state }] as const
      const solved: Tensor = einsum([reach!, state], [...batchDims, rows, values]).add(base!)
      const next: Tensor = faded.add(einsum([to, solved], order))
      return [added ? next.add(added) : next, { before: state, solved }] as const
    },
    { keep: 'all' },
  ) as [Tensor, { before: Tensor; solved?: Tensor }]
  const far = einsum([from, before], all)
  const near = einsum([scores, earlier(solved && !write ? solved : inputs.v)], all)
  const output = scoresOfWrites ? far.add(near).add(einsum([scoresOfWrites, earlier(solved!)], all)) : far.add(near)
  return { output: outOfChunks(output, plan), state: last }
}

/** What of chunks depends on no state, all at once. */
interface Prepared {
  /** Queries, faded from the chunk's begin, for the state before. */
  readonly from: Tensor
  /** Queries by what is written: keys with values, and the writes of `erase`. */
  readonly scores: Tensor
  readonly scoresOfWrites?: Tensor
  /** By what the state fades over the chunk. */
  readonly whole?: Tensor
  /** What keys and values add to the state. */
  readonly added?: Tensor
  /** With `erase`: what is written is reach S + base, and it is added to the state at `to`. */
  readonly reach?: Tensor
  readonly base?: Tensor
  readonly to?: Tensor
}

function prepare({ q, k, v, times, read, write }: Inputs, plan: Plan): Prepared {
  const { chunks, batchDims, rows, columns, keys, values } = plan
  const decays = decaysOf(times, plan)
  const { lead, tail, whole } = decays
  const scaled = (x: Tensor, factor?: Tensor): Tensor => (factor ? x.mul(factor) : x)
  const earlier = (x: Tensor) => x.rename(rows, columns)
  const among = (a: Tensor, b: Tensor, strict = false) => scoresOf(a, b, decays, strict, plan)
  const sums = () => einsum([scaled(k, tail), v], [chunks, ...batchDims, keys, values])
  const shared = { from: scaled(q, lead), scores: among(q, k), ...(whole && { whole }) }
  if (!read) return { ...shared, added: sums() }
  const [reach, base] = [scaled(read, lead), write ? einsum([among(read, k, true), earlier(v)], v.dims) : v]
  const inverse = rows.size > 1 ? triangularInverse(among(read, write ?? k, true), rows, columns) : undefined
  const solve = (x: Tensor) => (inverse ? einsum([inverse, earlier(x)], x.dims) : x)
  const solved = { reach: solve(reach), base: solve(base), to: scaled(write ?? k, tail) }
  return { ...shared, ...solved, ...(write && { added: sums(), scoresOfWrites: among(q, write) }) }
}

interface Times {
  readonly decay?: Tensor
  /** Of each position, of the last, and of the last before the chunk. */
  readonly documents?: { readonly each: Tensor; readonly last: Tensor; readonly before: Tensor }
}
interface Inputs {
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
  readonly times: Times
  readonly read?: Tensor
  readonly write?: Tensor
}

function planOf({ decay }: Recurrence, { batchDims, positions, keys, values }: RecurrenceShape) {
  const size = Math.min(CHUNK, 2 ** Math.ceil(Math.log2(positions.size)))
  return {
    batchDims,
    positions,
    keys,
    values,
    chunks: dim('chunks', Math.ceil(positions.size / size)),
    /** Positions of a chunk, and the same as earlier ones. */
    rows: dim('chunk_rows', size),
    columns: dim('chunk_columns', size),
    /** Whether each key feature has its decay. */
    byKey: decay?.dims.some(({ name }) => name === keys.name) ?? false,
  }
}
type Plan = ReturnType<typeof planOf>

/** [chunks, batchDims, rows, ...] of [batchDims, positions, ...]; positions are filled up with zeros, which change no state. */
function inChunks(x: Tensor, { batchDims, positions, chunks, rows }: Plan): Tensor {
  const padded = padTo(x, positions, chunks.size * rows.size)
  const split: Tensor = reshape(
    padded,
    padded.dims.flatMap((each) => (each.name === positions.name ? [chunks, rows] : [each])),
  )
  const has = ({ name }: Dim) => x.dims.some((each) => each.name === name)
  const first = [chunks, ...batchDims.filter(has), rows]
  return transpose(split, [...first, ...split.dims.filter(({ name }) => !first.some((each) => each.name === name))])
}

function outOfChunks(x: Tensor, { batchDims, positions, chunks, rows, values }: Plan): Tensor {
  const all = dim(positions.name, chunks.size * rows.size)
  const joined: Tensor = reshape(transpose(x, [...batchDims, chunks, rows, values]), [...batchDims, all, values])
  return slice(joined, all, 0, positions.size)
}

function documentsOf(documents: Tensor, plan: Plan, ofState?: Tensor): Times {
  const { chunks, rows } = plan
  const each = inChunks(documents, plan)
  const one = dim(rows.name, 1)
  const last: Tensor = slice(each, rows, rows.size - 1, 1).sum(one)
  const first: Tensor = ofState
    ? reshape(ofState, [dim(chunks.name, 1), ...ofState.dims])
    : slice(slice(each, rows, 0, 1).sum(one), chunks, 0, 1)
  const before = chunks.size === 1 ? first : concat([first, slice(last, chunks, 0, chunks.size - 1)], chunks.name)
  return { documents: { each, last, before } }
}

/** Factors between positions of a chunk, and between those and its ends. */
interface Decays {
  /** Logarithms of decays from the chunk's begin, [rows] or [rows, keys]; absent without decay. */
  readonly sums?: Tensor
  /** bool [rows, columns]: whether the two positions are of one document. */
  readonly together?: Tensor
  /** From the state before to each row, from each row to the state after, and from state to state; absent: 1. */
  readonly lead?: Tensor
  readonly tail?: Tensor
  readonly whole?: Tensor
}

function decaysOf({ decay, documents }: Times, { rows, columns, byKey }: Plan): Decays {
  const factors: { lead?: Tensor; tail?: Tensor; whole?: Tensor; sums?: Tensor } = {}
  if (decay) {
    const log: Tensor = byKey ? decay.maximum(LEAST) : decay
    const until: Tensor = range(columns).lessEqual(range(rows)).cast('f32')
    const sums = einsum([log.rename(rows, columns), until], log.dims)
    const all = log.sum(rows)
    Object.assign(factors, { sums, lead: sums.exp(), tail: all.sub(sums).exp(), whole: all.exp() })
  }
  if (!documents) return factors
  const { each, last, before } = documents
  const kept = (same: Tensor, factor?: Tensor): Tensor => (factor ? where(same, factor, 0) : same.cast('f32'))
  return {
    sums: factors.sums,
    together: each.equal(each.rename(rows, columns)),
    lead: kept(each.equal(before), factors.lead),
    tail: kept(each.equal(last), factors.tail),
    whole: kept(last.equal(before), factors.whole),
  }
}

/** a_t . diag(e^(decays from s to t)) b_s for s <= t, or s < t if `strict`, else 0: [..., rows, columns]. */
function scoresOf(a: Tensor, b: Tensor, { sums, together }: Decays, strict: boolean, plan: Plan): Tensor {
  const { rows, columns, keys, byKey } = plan
  const earlier: Tensor = strict ? range(columns).less(range(rows)) : range(columns).lessEqual(range(rows))
  const seen = (x: Tensor, other: number): Tensor => {
    const near = where(earlier, x, other)
    return together ? where(together, near, other) : near
  }
  const dims = [...a.dims.filter(({ name }) => name !== keys.name), columns]
  if (sums && byKey) return seen(scoresByKey(a, b, sums, dims, plan), 0)
  const products = einsum([a, b.rename(rows, columns)], dims)
  if (!sums) return seen(products, 0)
  // Masked before the exponential, which would overflow for later positions.
  return products.mul(seen(sums.sub(sums.rename(rows, columns)), -1e30).exp())
}

/**
 * With decays by key feature, rows in groups: each factor is split at its group's middle, so that neither part overflows:
 * e^(g_t - g_s) = e^(g_t - m) e^(m - g_s), |g_t - m| at most 80. Later columns have any finite number.
 */
function scoresByKey(a: Tensor, b: Tensor, sums: Tensor, dims: readonly Dim[], { rows, columns, keys }: Plan): Tensor {
  const size = Math.min(ROWS, rows.size)
  const [groups, row] = [dim('chunk_groups', rows.size / size), dim('group_rows', size)]
  const grouped = (x: Tensor): Tensor =>
    reshape(
      x,
      x.dims.flatMap((each) => (each.name === rows.name ? [groups, row] : [each])),
    )
  const logs = grouped(sums)
  const middle: Tensor = slice(logs, row, Math.ceil(size / 2) - 1, 1).sum(dim(row.name, 1))
  const left = grouped(a).mul(logs.sub(middle).exp())
  const right = b.rename(rows, columns).mul(middle.sub(sums.rename(rows, columns)).minimum(80).exp())
  const batch = dims.filter(({ name }) => name !== rows.name && name !== columns.name)
  return reshape(
    einsum([left, transpose(right, [...batch, groups, columns, keys])], [...batch, groups, row, columns]),
    dims,
  )
}
