import {
  barrier,
  concat,
  dim,
  dynamicUpdateSlice,
  einsum,
  pad,
  range,
  remainder,
  reshape,
  slice,
  take,
  transpose,
  where,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import type { AttentionOutput, AttentionShape, Cache, Positions, Projected } from './contract.js'
import { inGroups, outOfGroups } from './softmax-heads.js'
import { softmaxWithSinks, withSoftcap } from './terms.js'

/**
 * Dims of a cache: positions next to features, so that a step reads each head's keys in one run, and rows next to those,
 * so that a row's slot is one index.
 */
function cacheDims({ batch, heads, features }: AttentionShape, size: number): Dim[] {
  return [heads, batch, dim('memory_length', size), features]
}

/** A shape with the heads of keys, which may be fewer than those of queries. */
function ofKeys(shape: AttentionShape, x: Tensor<any>): AttentionShape {
  const { size } = x.dims.find(({ name }) => name === 'heads')!
  return { ...shape, heads: dim('heads', size) }
}

/** Keys and values. */
type Pair = Pick<Projected, 'k' | 'v'>

/** Keys and values with room for `size` positions. Slots after a row's last position are not read before they are written. */
export function makeCache({ k, v }: Pair, size: number, shape: AttentionShape): Cache {
  return { k: padToCache(k, size, shape), v: padToCache(v, size, shape) }
}

/** Keys, or what lies as they do, with room for `size` positions. */
export function padToCache(x: Projected['k'], size: number, shape: AttentionShape): Tensor {
  const { memory } = shape
  return transpose(pad(x, memory, 0, size - memory.size) as Tensor, cacheDims(ofKeys(shape, x), size))
}

/** As `makeCache` for a ring: position p is in slot p mod size, and only each row's last `size` positions are kept. */
export function makeRing(projected: Projected, lengths: Positions, size: number, shape: AttentionShape): Cache {
  const { batch, memory, heads, features } = ofKeys(shape, projected.k)
  if (memory.size <= size) return makeCache(projected, size, shape)
  const slots = dim('memory_length', size)
  const first = lengths.sub(size).maximum(0)
  // Slot s has the one position from `first` on that is s mod size.
  const turns = size * Math.ceil(memory.size / size)
  const kept = first.add(remainder(range(slots).add(turns).sub(first), size))
  const rows = dim('rows', batch.size * memory.size)
  const indices = range(batch).mul(memory.size).add(kept)
  const ring = (x: Projected['k']): Tensor => {
    const flat = reshape(transpose(x, [batch, memory, heads, features]), [rows, heads, features])
    return transpose(take(flat, rows, indices) as Tensor, cacheDims(ofKeys(shape, x), size))
  }
  return { k: ring(projected.k), v: ring(projected.v) }
}

/**
 * Attention of one position per row to a cache that its key and value are first written into, at `slot`. Of the cache's
 * slots those up to `last` are attended to. Their order does not matter.
 */
export function attendToCache(
  projected: Projected,
  cache: Cache,
  slot: Positions,
  last: Positions,
  shape: AttentionShape,
  terms?: CacheTerms,
): { output: AttentionOutput; cache: Cache } {
  const { q, k, v } = projected
  const memory = cache.k.dims[2]
  // Behind a barrier each write is one operation, in place; without it XLA repeats the write, on a copy, for every reader.
  const [keys, values] = barrier([written(cache.k, k, slot, shape), written(cache.v, v, slot, shape)])
  const seen = range(memory).lessEqual(last)
  const output = attendToKeys(q, { k: keys, v: values }, seen, shape, terms)
  return { output, cache: { k: keys, v: values } }
}

/** softmax(q k^T) v over keys and values that lie as in a cache, of those that `seen` says; softmax in f32. */
export function attendToKeys(
  q: Projected['q'],
  { k, v }: Cache,
  seen: Tensor,
  shape: AttentionShape,
  { sinks, bias }: CacheTerms = {},
): AttentionOutput {
  const { batch, sequence, features, config } = shape
  const [heads, , memory] = k.dims
  const grouped = inGroups(q, heads.size)
  const group = grouped.dims.filter(({ name }) => name === 'query_group')
  const capped = withSoftcap(einsum([grouped, k], [heads, ...group, batch, sequence, memory]).cast('f32'), config)
  const logits = bias ? capped.add(inGroups(bias, heads.size)) : capped
  const ofGroups = sinks && inGroups(sinks, heads.size)
  const weights = softmaxWithSinks(where(seen, logits, -1e10), memory, ofGroups).cast(v.dtype)
  const mixed = einsum([weights, v], [heads, ...group, batch, sequence, features])
  return outOfGroups(transpose(mixed, [batch, sequence, heads, ...group, features]))
}

/** Terms of logits against a cache, f32. */
export interface CacheTerms {
  /** [heads]. */
  readonly sinks?: Tensor
  /** Added to the logits: some of [heads, batch, sequence, memory_length]. */
  readonly bias?: Tensor
}

/** A cache with keys and values of several positions written into it from `start` on. */
export function writeToCache(projected: Pair, cache: Cache, start: Tensor<never>, shape: AttentionShape): Cache {
  return { k: writeAt(cache.k, projected.k, start, shape), v: writeAt(cache.v, projected.v, start, shape) }
}

/** The same of one of them. */
export function writeAt(cache: Tensor, more: Projected['k'], start: Tensor<never>, shape: AttentionShape): Tensor {
  return dynamicUpdateSlice(cache, cache.dims[2], start, inCacheOrder(more, shape.memory.size, shape))
}

/**
 * Of a ring the keys and values at hand and those of more positions from `position` on, in this order, and the position
 * of each, negative for slots that hold none.
 */
export function joinToRing(projected: Projected, ring: Cache, position: Tensor<never>, shape: AttentionShape) {
  const { k, v } = projected
  const last = position.sub(1)
  const { size } = ring.k.dims[2]
  const slots = range(ring.k.dims[2])
  const held: Tensor = last.sub(remainder(last.add(size).sub(slots), size))
  const added: Tensor = position.add(range(shape.memory))
  const positions = concat([held, added], 'memory_length')
  const joined = (x: Tensor, more: Projected['k']) =>
    concat([x, inCacheOrder(more, shape.memory.size, shape)], 'memory_length')
  return { keys: { k: joined(ring.k, k), v: joined(ring.v, v) }, positions }
}

/** The ring after the first `length` of the positions that `joinToRing` has joined to it. */
export function keepRing(keys: Cache, size: number, position: Tensor<never>, length: Tensor<never>): Cache {
  const slots = range(dim('memory_length', size))
  const last = position.add(length).sub(1)
  const kept = last.sub(remainder(last.add(size).sub(slots), size))
  const index = where(kept.greaterEqual(position), kept.sub(position).add(size), slots)
  return { k: take(keys.k, keys.k.dims[2], index), v: take(keys.v, keys.v.dims[2], index) }
}

/** Keys or values of `size` positions as a cache has them. */
function inCacheOrder(x: Projected['k'], size: number, shape: AttentionShape): Tensor {
  return transpose(x as Tensor, cacheDims(ofKeys(shape, x), size))
}

/** A cache with a key or value per row written into it: at one slot of all rows, or at each row's. */
export function written(cache: Tensor, x: Projected['k'], slot: Positions, shape: AttentionShape): Tensor {
  const { batch, heads, features, parts } = ofKeys(shape, x)
  const memory = cache.dims[2]
  const update = inCacheOrder(x, 1, shape)
  if (slot.dims.length === 0) return dynamicUpdateSlice(cache, memory, reshape<never>(slot, []), update)
  // A mesh that splits rows cannot join them with the slots.
  if (parts(batch.name) > 1) return where(range(memory).equal(slot), reshape(update, [heads, batch, features]), cache)
  // One small write per row, rather than one pass over the whole cache.
  const slots = dim('slots', batch.size * memory.size)
  const flat = [heads, slots, features]
  const rows = reshape(update, [heads, dim('slots', batch.size), features])
  // A row that has ended stays in its own slots.
  const inside = slot.minimum(memory.size - 1) as Positions
  let all = reshape(cache, flat)
  for (let row = 0; row < batch.size; row++) {
    const at = reshape<never>(slice(inside, batch, row, 1), []).add(row * memory.size)
    // Behind a barrier each is in place; XLA would merge them into one pass over the whole cache.
    all = barrier([dynamicUpdateSlice(all, slots, at, slice(rows, rows.dims[1], row, 1))])[0]
  }
  return reshape(all, cache.dims)
}
