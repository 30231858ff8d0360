import {
  barrier,
  concat,
  dim,
  dynamicUpdateSlice,
  einsum,
  pad,
  range,
  slice,
  softmax,
  transpose,
  where,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import type { Cache, Mixed, Projected } from './attention.js'
import type { Model } from './dims.js'

/** Dims of a cache: positions next to features, so that a step reads each head's keys in one run. */
export function cacheDims({ batch, heads, features }: Model, size: number): Dim[] {
  return [batch, heads, dim('memory_length', size), features]
}

/** The first `size` positions of keys and values; room for later ones is zeros. */
export function startCache({ k, v }: Projected, size: number, model: Model): Cache {
  const fit = (x: Projected['k']): Tensor => {
    const { memory } = model
    const kept = pad(x, memory, 0, size - memory.size) as Tensor
    return transpose(kept, cacheDims(model, size))
  }
  return { k: fit(k), v: fit(v) }
}

/** As `startCache` for a ring: position p is at p mod size, and only the last `size` positions are there. */
export function startRing(projected: Projected, size: number, model: Model): Cache {
  const { memory } = model
  if (memory.size <= size) return startCache(projected, size, model)
  const first = memory.size - size
  const turn = first % size
  const ring = (x: Projected['k']): Tensor => {
    const last = slice(x, memory, first, size)
    const along = dim('memory_length', size)
    const turned =
      turn === 0
        ? last
        : concat([slice(last, along, size - turn, turn), slice(last, along, 0, size - turn)], 'memory_length')
    return transpose(turned as Tensor, cacheDims(model, size))
  }
  return { k: ring(projected.k), v: ring(projected.v) }
}

/**
 * Attention of one position to a cache that its key and value are first written into, at `slot`. Of the cache's
 * places those up to `last` are attended to (i32 scalars). Their order does not matter.
 */
export function attendToCache(
  { q, k, v }: Projected,
  cache: Cache,
  slot: Tensor<never>,
  last: Tensor<never>,
  model: Model,
): { mixed: Mixed; cache: Cache } {
  const { batch, sequence, heads, features } = model
  const memory = cache.k.dims[2]
  const write = (into: Tensor, x: Projected['k']): Tensor =>
    dynamicUpdateSlice(into, memory, slot, transpose(x as Tensor, cacheDims(model, 1)))
  // Behind a barrier each write is one operation, in place; without it XLA repeats the write, on a copy, for every reader.
  const [keys, values] = barrier([write(cache.k, k), write(cache.v, v)])
  const logits = einsum([q as Tensor, keys], [batch, heads, sequence, memory]).cast('f32')
  const weights = softmax(where(range(memory).lessEqual(last), logits, -1e10) as Tensor, memory).cast(values.dtype)
  const mixed = einsum([weights, values], [batch, sequence, heads, features]) as Tensor
  return { mixed, cache: { k: keys, v: values } }
}
