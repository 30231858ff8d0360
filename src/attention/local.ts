import { and, concat, dim, pad, range, remainder, slice, type Tensor } from '../tensor/index.js'
import { largestDivisor } from '../mesh/index.js'
import { attendToCache, attendToKeys, joinToRing, keepRing, makeRing, type CacheTerms } from './cache.js'
import { attendCausally, headsFirst, headsLast } from './causal.js'
import {
  bytesOfPair,
  keyWidth,
  type AttentionConfig,
  type AttentionKind,
  type AttentionOutput,
  type AttentionShape,
  type Projected,
} from './contract.js'
import { denseAttention, denseWeights } from './dense.js'
import { softmaxAttention, type LogitTerms } from './kernels/softmax.js'
import { intoParts, outOfParts, partsOf, type Parts } from './kernels/split-sequence.js'
import { LOCAL_MASKED, windowAttention } from './kernels/window.js'
import { gatedKind, projectSoftmax, SOFTMAX_KEYS } from './softmax-heads.js'
import { alibiSlopes, isPlain, termsOf } from './terms.js'

/**
 * softmax(q k^T) v of each position to the last `local_attention_radius` ones, itself among them. Computed in tiles of
 * queries, each against its keys and as many before them as the radius reaches: cost grows with length times radius.
 * The cache is a ring of radius positions.
 * Source: Mesh TensorFlow transformer/attention.py (local_attention_1d), whose result does not depend on the block size
 * either. Options of today's models: softmax-heads.ts, terms.ts.
 */
export const localAttention: AttentionKind = gatedKind({
  keys: ['local_attention_radius', ...SOFTMAX_KEYS],
  attendsWithinDocuments: true,
  project: projectSoftmax,
  attend(projected, shape) {
    if (shape.packing || (!shape.causal && !isPlain(projected, shape)))
      return denseAttention(projected, shape, undefined, shape.config.local_attention_radius)
    return shape.causal ? attend(projected, shape) : windowAttention(projected, shape)
  },
  prefill: (projected, lengths, capacity, shape) =>
    makeRing(projected, lengths, ringSize(shape.config, capacity), shape),
  decode(projected, cache, position, shape) {
    const size = cache.k.dims[2].size
    const slot = remainder(position, size)
    // A slot's position is at most `size` - 1 before the query's.
    const distance = () => remainder(position.add(size).sub(range(cache.k.dims[2])), size)
    return attendToCache(projected, cache, slot, position, shape, termsFrom(projected, distance, shape))
  },
  extend(projected, ring, position, length, shape) {
    const { size } = ring.k.dims[2]
    const { keys, positions } = joinToRing(projected, ring, position, shape)
    const query = position.add(range(shape.sequence))
    const near = and(positions.lessEqual(query), positions.add(shape.config.local_attention_radius).greater(query))
    const terms = termsFrom(projected, () => query.sub(positions), shape)
    const output = attendToKeys(projected.q, keys, and(near, positions.greaterEqual(0)), shape, terms)
    return { output, cache: keepRing(keys, size, position, length) }
  },
  weights: (projected, shape) => denseWeights(projected, shape, shape.config.local_attention_radius),
  costs(config) {
    const { n_ctx, local_attention_radius: radius, mlm_training } = config
    const before = Math.min(radius, n_ctx)
    // Query i sees min(i + 1, radius) keys up to itself, and with both sides visible at most radius after it.
    const causal = ((before * (before + 1)) / 2 + (n_ctx - before) * before) / n_ctx
    const after = Math.min(radius, n_ctx - 1)
    const later = mlm_training ? (after * (n_ctx - after) + (after * (after - 1)) / 2) / n_ctx : 0
    const keysSeen = keyWidth(config) * (causal + later)
    const perSequence = bytesOfPair(config) * ringSize(config, n_ctx)
    return { keysSeen, keysRecomputed: keysSeen, cache: { perToken: 0, perSequence } }
  },
  hints: ({ local_attention_radius: radius, n_ctx }) =>
    radius > n_ctx
      ? [`local_attention_radius: ${radius} is above n_ctx ${n_ctx}: local layers see what global ones do`]
      : [],
  /** Where it cuts no block: of as many positions as the radius, 128 or more, or the next number below that divides n_ctx. */
  originalSplits({ n_ctx, local_attention_radius: radius }, parts) {
    const block = largestDivisor(n_ctx, Math.max(radius, 128))
    return (n_ctx / block) % parts === 0
  },
})

/** Terms of logits against keys at these distances before a query. */
function termsFrom({ sinks }: Projected, distance: () => Tensor, shape: AttentionShape): CacheTerms {
  const slopes = alibiSlopes(shape)
  return { sinks, bias: slopes ? slopes.mul(distance().cast('f32')).neg() : undefined }
}

const ringSize = ({ local_attention_radius }: AttentionConfig, capacity: number) =>
  Math.min(local_attention_radius, capacity)

function attend(projected: Projected, shape: AttentionShape): AttentionOutput {
  const { sequence, memory, config } = shape
  if (config.local_attention_radius >= sequence.size) return attendCausally(projected, shape, LOCAL_MASKED)
  // Keys lie as queries do, so that only those near the edge of a part go from device to device.
  const near = (x: Tensor): Tensor => x.rename(memory, sequence)
  const { q, k, v } = headsFirst({ q: projected.q, k: near(projected.k), v: near(projected.v) }, shape)
  const { decay, ...terms } = termsOf(projected, shape)
  const ofNear = { ...terms, decay: decay && { ...decay, keys: near(decay.keys) } }
  return headsLast(nearAttention(q(sequence), k(sequence), v(sequence), shape, ofNear), shape)
}

/** To the last `radius` positions, which are fewer than all. All [batch, heads, ..., sequence, features]. */
function nearAttention(q: Tensor, k: Tensor, v: Tensor, shape: AttentionShape, terms: LogitTerms): Tensor {
  const { sequence, features, config } = shape
  const radius = config.local_attention_radius
  const batchDims = q.dims.slice(0, -2)
  const { decay } = terms
  const keys = dim('memory_block', sequence.size)
  const window = { batchDims, features, radius, tile: tileOf(radius), maskValue: LOCAL_MASKED }
  const parts = partsOf(shape)
  if (!parts) {
    const [ks, vs] = [k, v].map((x) => x.rename(sequence, keys))
    const ofKeys = decay && { ...decay, keys: decay.keys.rename(sequence, keys) }
    return softmaxAttention(q, ks, vs, { ...window, queries: sequence, keys, before: 0 }, { ...terms, decay: ofKeys })
  }
  const { part, positions } = parts
  const before = radius - 1
  const [ks, vs] = [k, v].map((x) => withEarlier(intoParts(x, parts), before, parts))
  const inParts = decay && {
    queries: intoParts(decay.queries, parts),
    keys: withEarlier(intoParts(decay.keys, parts), before, parts),
  }
  const split = { ...window, batchDims: [...batchDims, part], part, queries: positions, keys: ks.dims.at(-2)!, before }
  return outOfParts(softmaxAttention(intoParts(q, parts), ks, vs, split, { ...terms, decay: inParts }), parts)
}

/** `count` positions before each part and those of the part, as `memory_block`; zeros before the first. The neighbours send them. */
function withEarlier(x: Tensor, count: number, { part, positions }: Parts): Tensor {
  const pieces: Tensor[] = []
  for (let back = Math.ceil(count / positions.size); back > 0; back--) {
    const size = Math.min(positions.size, count - (back - 1) * positions.size)
    const last = slice(x, positions, positions.size - size, size)
    pieces.push(slice(pad(last, part, back, 0), dim(part.name, part.size + back), 0, part.size))
  }
  const all = concat([...pieces, x], positions.name)
  return all.rename(dim(positions.name, count + positions.size), dim('memory_block', count + positions.size))
}

/** Queries in a tile: small tiles waste little work, large ones make efficient products. */
function tileOf(radius: number): number {
  return Math.max(128, Math.ceil(radius / 2))
}
