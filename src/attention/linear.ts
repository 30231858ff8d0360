import { and, dim, einsum, range, softmax, transpose, where, type Dim, type Tensor } from '../tensor/index.js'
import {
  headFeatures,
  keyWidth,
  type AttentionKind,
  type AttentionOutput,
  type AttentionShape,
  type Packing,
  type Projected,
} from './contract.js'
import { sameDocument } from './dense.js'
import {
  chunkedLinearAttention,
  emptyState,
  EPSILON,
  joinState,
  stateOf,
  sumBefore,
  type LinearShape,
} from './kernels/chunked-linear.js'
import { intoParts, outOfParts, partsOf, type Parts } from './kernels/split-sequence.js'

/**
 * Attention whose weights are products of features, not exponentials of logits, so that earlier positions can be
 * summed into a state of features x features: q = softmax(q over features), k = exp(k), and with S_i = sum_{j<=i}
 * k_j (x) v_j and z_i = sum_{j<=i} k_j + 1e-6, position i gets (q_i S_i) / (q_i . z_i). Cost grows with length times
 * features^2. States are made for chunks of positions, never for each. In f32. It has no weights to show.
 * Source: gpt-neo models/layers.py (causal_linear_attention), after Shen et al. 2018, "Efficient Attention".
 */
export const linearAttention: AttentionKind = {
  keys: [],
  attendsWithinDocuments: true,
  attend: (projected, shape) =>
    shape.packing
      ? attendWithin(projected, shape, shape.packing)
      : shape.causal
        ? attend(projected, shape)
        : attendBothSides(projected, shape),
  prefill(projected, lengths, _, shape) {
    const { k: all, v } = positive(projected, shape)
    const { batch, heads, memory, features } = shape
    const k = where(range(memory).less(lengths), all, 0)
    return { state: einsum([k, v], [batch, heads, inner(shape), features]), total: k.sum(memory) }
  },
  decode(projected, { state, total }, _, shape) {
    const { batch, sequence, heads, memory, features } = shape
    const { q, k, v } = positive(projected, shape)
    const next = {
      state: state.add(einsum([k, v], [batch, heads, inner(shape), features])),
      total: total.add(k.sum(memory)),
    }
    const top = einsum([q, next.state], [batch, sequence, heads, features])
    const mixed = top.div(einsum([q, next.total.add(EPSILON)], [batch, sequence, heads]))
    return { output: mixed.cast(projected.v.dtype), cache: next }
  },
  extend(projected, { state, total }, _, length, shape) {
    const { batch, heads, memory, features } = shape
    const { k: all, v } = positive(projected, shape)
    const k = where(range(memory).less(length), all, 0)
    const output = attend(projected, shape, joinState(state, total, linearShape(shape)))
    const sum = einsum([k, v], [batch, heads, inner(shape), features])
    return { output, cache: { state: state.add(sum), total: total.add(k.sum(memory)) } }
  },
  /** A query costs what as many keys as a head has features would; the state is f32. */
  costs(config) {
    const features = headFeatures(config)
    const perSequence = 4 * config.n_head * features * (features + 1)
    return { keysSeen: features * keyWidth(config), keysRecomputed: 0, cache: { perToken: 0, perSequence } }
  },
}

/** The features of q and k, which the state has beside those of v. */
const inner = ({ features }: AttentionShape) => dim('features_per_head_in', features.size)

function positive({ q, k, v }: Projected, shape: AttentionShape) {
  const { features } = shape
  const renamed = (x: Tensor): Tensor => x.cast('f32').rename(features, inner(shape))
  return { q: softmax(renamed(q), inner(shape)), k: renamed(k).exp(), v: v.cast('f32') }
}

/** Of each position to earlier ones of its document alone: the weights at once, as their sums over documents differ. */
function attendWithin(projected: Projected, shape: AttentionShape, packing: Packing): AttentionOutput {
  const { batch, sequence, memory, heads, features } = shape
  const { q, k, v } = positive(projected, shape)
  const seen = and(sameDocument(shape, packing), range(memory).lessEqual(range(sequence)))
  const weights = where(seen, einsum([q, k], [batch, heads, sequence, memory]), 0)
  const mixed = einsum([weights, v], [batch, sequence, heads, features])
  // q sums to 1, so that q . (z + epsilon) is this sum and epsilon.
  return mixed.div(weights.sum(memory).add(EPSILON)).cast(projected.v.dtype)
}

const linearShape = (shape: AttentionShape): LinearShape => ({
  batchDims: [shape.batch, shape.heads],
  positions: shape.sequence,
  into: inner(shape),
  features: shape.features,
})

/** `before`: the state of earlier positions. */
function attend({ q, k, v }: Projected, shape: AttentionShape, before?: Tensor): AttentionOutput {
  const { batch, sequence, memory, heads, features } = shape
  const linear = linearShape(shape)
  const { batchDims, into } = linear
  // Heads first, once for all products.
  const headed = (x: Tensor, along: Dim, width: Dim): Tensor =>
    transpose(x.cast('f32').rename(along, sequence).rename(features, width), [...batchDims, sequence, width])
  const all = [headed(q, sequence, into), headed(k, memory, into), headed(v, memory, features)]
  const parts = before ? null : partsOf(shape)
  const mixed = parts
    ? outOfParts(inParts(all, parts, linear), parts)
    : chunkedLinearAttention(all, before ?? emptyState(linear), linear)
  return transpose(mixed.cast(v.dtype), [batch, sequence, heads, features])
}

/** The parts of a split sequence side by side, each from the state that those before it make: all that parts exchange. */
function inParts(inputs: readonly Tensor[], parts: Parts, shape: LinearShape): Tensor {
  const { part, positions } = parts
  const [q, k, v] = inputs.map((x) => intoParts(x, parts))
  const split = { ...shape, batchDims: [...shape.batchDims, part], positions }
  return chunkedLinearAttention([q, k, v], sumBefore(stateOf(k, v, split), part), split)
}

/**
 * Linear attention to both sides: q = softmax(q over features), k = softmax(k over positions), q (k^T v). Nothing is
 * masked.
 * Source: gpt-neo models/layers.py (linear_attention).
 */
function attendBothSides({ q, k, v }: Projected, shape: AttentionShape): AttentionOutput {
  const { batch, sequence, memory, heads, features } = shape
  const into = inner(shape)
  const queries = softmax(q.cast('f32').rename(features, into), into)
  const keys = softmax(k.cast('f32').rename(features, into), memory)
  const state = einsum([keys, v.cast('f32')], [batch, heads, into, features])
  return einsum([queries, state], [batch, sequence, heads, features]).cast(v.dtype)
}
