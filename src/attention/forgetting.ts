import { barrier, cumsum, range, reshape, transpose, where, type Tensor } from '../tensor/index.js'
import { attendToCache, attendToKeys, makeCache, padToCache, writeAt, writeToCache, written } from './cache.js'
import { attendCausally } from './causal.js'
import { bytesOfPair, keyWidth, type AttentionKind, type AttentionShape, type Projected } from './contract.js'
import { denseAttention, denseWeights } from './dense.js'
import { contextSeen } from './global.js'
import { normal, zeros } from './initializers.js'
import { gatedKind, inGroups, projectSoftmax, SOFTMAX_KEYS } from './softmax-heads.js'
import { alibiSlopes, logSigmoid, termsOf } from './terms.js'

const MASKED = -1e10

/**
 * Forgetting attention: softmax(q_i k_j + c_i - c_j) v over j <= i, where c is the sum of log f up to a position and f =
 * sigmoid(x w + b) a gate of each head: what lies before a gate near 0 is forgotten. Softmax in f32, in blocks as global's.
 * The cache has c beside keys and values. Source: Lin et al. 2025, "Forgetting Transformer: Softmax Attention with a Forget
 * Gate" (FoX); qk_norm and attn_output_gate are those of its block.
 */
export const forgettingAttention: AttentionKind = gatedKind({
  keys: SOFTMAX_KEYS,
  causalOnly: true,
  attendsWithinDocuments: true,
  project(at, x, shape, context) {
    const { batch, sequence, memory, heads, embd } = shape
    const gate = at
      .linear(x, 'f', [embd, heads], normal(embd.size ** -0.5), [batch, sequence, heads])
      .add(at.in('bias').param('f', [heads], zeros))
    const log = logSigmoid(gate.cast('f32')).rename(sequence, memory)
    // ALiBi is a gate that does not change.
    const slopes = alibiSlopes(shape)
    return { ...projectSoftmax(at, x, shape, context), forget: slopes ? log.sub(slopes) : log }
  },
  attend(projected, shape) {
    const c = sums(projected, shape)
    if (shape.packing) return denseAttention(projected, without(shape), undefined, Infinity, decayOf(c, shape))
    const { batch, sequence, memory } = shape
    const grouped = inGroups(c, headsOf(projected.k).size)
    const heads = grouped.dims.filter(({ name }) => name === 'heads' || name === 'query_group')
    const keys = transpose(grouped, [batch, ...heads, memory])
    const decay = { queries: keys.rename(memory, sequence), keys }
    return attendCausally(projected, shape, MASKED, { ...termsOf(projected, without(shape)), decay })
  },
  prefill(projected, lengths, capacity, shape) {
    const { memory } = shape
    const forgotten = where(range(memory).less(lengths), forgetOf(projected), 0).sum(memory)
    return {
      ...makeCache(projected, capacity, shape),
      decay: padToCache(asKeys(sums(projected, shape), shape), capacity, single(shape)),
      total: transpose(forgotten, [shape.heads, shape.batch]),
    }
  },
  decode(projected, { k, v, decay, total }, position, shape) {
    const { batch, heads } = shape
    const next: Tensor = total.add(reshape(forgetOf(projected), [batch, heads]))
    const c = written(decay, asKeys(next, shape), position, single(shape))
    const bias = next.sub(dropLast(c))
    const { output, cache } = attendToCache(projected, { k, v }, position, position, without(shape), {
      sinks: projected.sinks,
      bias,
    })
    return { output, cache: { ...cache, decay: c, total: next } }
  },
  extend(projected, { k, v, decay, total }, position, length, shape) {
    const { sequence, memory } = shape
    const c = sums(projected, shape).add(total)
    const cached = writeAt(decay, asKeys(c, shape), position, single(shape))
    const [keys, values] = barrier(Object.values(writeToCache(projected, { k, v }, position, shape)))
    const queries = position.add(range(sequence))
    const bias = c.rename(memory, sequence).sub(dropLast(cached))
    const seen = range(keys.dims[2]).lessEqual(queries)
    const terms = { sinks: projected.sinks, bias }
    const forgotten = where(range(memory).less(length), forgetOf(projected), 0).sum(memory)
    return {
      output: attendToKeys(projected.q, { k: keys, v: values }, seen, without(shape), terms),
      cache: { k: keys, v: values, decay: cached, total: total.add(forgotten) },
    }
  },
  weights: (projected, shape) =>
    denseWeights(projected, without(shape), Infinity, decayOf(sums(projected, shape), shape)),
  costs(config) {
    const keysSeen = keyWidth(config) * contextSeen(config)
    const cache = { perToken: bytesOfPair(config) + 4 * config.n_head, perSequence: 4 * config.n_head }
    return { keysSeen, keysRecomputed: keysSeen, cache }
  },
})

const forgetOf = ({ forget }: Projected): Tensor => forget!
const headsOf = (x: Tensor) => x.dims.find(({ name }) => name === 'heads')!

/** c, of these positions alone. f32 [batch, memory_length, heads]. */
const sums = (projected: Projected, { memory }: AttentionShape): Tensor => cumsum(forgetOf(projected), memory)

/** c_i - c_j. */
const decayOf = (c: Tensor, { sequence, memory }: AttentionShape): Tensor => c.rename(memory, sequence).sub(c)

/** A shape whose logits have no ALiBi added: the gates have it. */
const without = (shape: AttentionShape): AttentionShape => ({ ...shape, config: { ...shape.config, pos_emb: 'none' } })

/** c as keys of one feature. */
const single = (shape: AttentionShape): AttentionShape => ({
  ...shape,
  features: { name: 'features_per_head', size: 1 },
})
function asKeys(c: Tensor, shape: AttentionShape): Projected['k'] {
  const { batch, memory, heads, features } = single(shape)
  const inOrder = transpose(c, c.dims.length === 3 ? [batch, memory, heads] : [batch, heads])
  return reshape(inOrder, [batch, memory, heads, features])
}
const dropLast = (x: Tensor): Tensor => reshape(x, x.dims.slice(0, -1))
