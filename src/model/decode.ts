/**
 * Decoding: `prefill` runs whole prompts and makes the caches, `decodeStep` extends them by a token. Both give the
 * next-token logits that a pass over the whole sequence gives.
 */
import { dim, pad, range, reshape, slice, take, where, type Dim, type Tensor } from '../tensor/index.js'
import { attentionKind, type Cache, type Positions } from '../attention/index.js'
import { cachedBlock, decoding, extending, prefilling, type DecodeStrategy } from './block.js'
import type { Hidden, Model } from './dims.js'
import { embedTokens, headOf, transformer, logitsOf } from './transformer.js'
import { checkNextTokens, nextTokenProblem } from './next-tokens.js'
import { mayDrop } from './moe/mixture.js'
import type { Scope } from './scope.js'

type Ids = Tensor<'batch' | 'sequence'>

/** Next-token logits, f32 [batch, vocab], and what the next step needs. */
export interface Decoded {
  readonly logits: Tensor<'batch' | 'vocab'>
  readonly caches: Cache[]
}

/** The caches after some positions, and the next one. */
export interface DecodeState {
  readonly caches: readonly Cache[]
  readonly position: Positions
}

/**
 * Logits after each prompt's last token, and caches for `capacity` positions. ids i32 [batch, sequence]: each row a prompt
 * of `lengths` tokens (i32, a scalar or one per row), padded on the right; what the padding holds changes no result.
 */
export function prefill(at: Scope, ids: Ids, lengths: Positions, model: Model, capacity: number): Decoded {
  checkNextTokens(model.config)
  if (mayDrop(model)) return recomputeFullContext(at, paddedContext(ids, lengths, model), lengths.sub(1), model)
  return decoded(at, ids, model, prefilling(capacity, lengths, model), lengths.sub(1))
}

/** Logits after one more token per row, ids i32 [batch, sequence 1] at `position`, and the extended caches. */
export function decodeStep(at: Scope, ids: Ids, { caches, position }: DecodeState, model: Model): Decoded {
  if (!mayDrop(model)) return decoded(at, ids, model, decoding(caches, position, model))
  const context = fullContext(model)
  const written = where(range(context).equal(position), reshape(ids, [model.batch]), caches[0].ids)
  return recomputeFullContext(at, written as Ids, position, model)
}

/**
 * Logits after several more tokens per row, ids i32 [batch, sequence], from `position` (i32 scalar) on, of which the first
 * `length` (i32 scalar) are tokens and the others padding: of the last token, [batch, vocab], or of each with `all`,
 * [batch, sequence, vocab]. The caches may be all zeros at position 0. Needs `canExtend`.
 */
export function extend(
  at: Scope,
  ids: Ids,
  { caches, position }: DecodeState,
  length: Tensor<never>,
  model: Model,
  all: boolean,
): { readonly logits: Tensor; readonly caches: Cache[] } {
  const { x, ...rest } = cachedLayers(at, ids, model, extending(caches, position, length, model))
  const logits = all ? logitsOf(headOf(at, x, model), model) : logitsAt(at, x, length.sub(1), model)
  return { logits, ...rest }
}

/**
 * Whether the prompts of a model can be computed in chunks: its kinds of attention can extend a cache by several positions, and no
 * experts, whose choice may depend on the other tokens, are in it.
 */
export function canExtend({ kinds, layers, config }: Model): boolean {
  const extends_ = kinds.every((kind) => kind === 'none' || attentionKind(kind).extend !== undefined)
  return nextTokenProblem(config) === null && extends_ && !layers.some(({ mixture }) => mixture)
}

function decoded(at: Scope, ids: Ids, model: Model, strategy: DecodeStrategy, last?: Positions): Decoded {
  const { x, caches } = cachedLayers(at, ids, model, strategy)
  return { logits: logitsAt(at, x, last, model), caches }
}

/** The stream after all layers, and their caches. */
function cachedLayers(at: Scope, ids: Ids, model: Model, strategy: DecodeStrategy): { x: Hidden; caches: Cache[] } {
  const { layers, config } = model
  const caches: Cache[] = []
  let x = embedTokens(at, ids, model, strategy.position)
  for (const [layer, plan] of layers.entries()) {
    const next = cachedBlock(at.ofLayer(layer, config.share_parameters), x, plan, layer, model, strategy)
    x = next.x
    caches.push(next.cache)
  }
  return { x, caches }
}

/**
 * By a pass over the whole context for each token, of which the cache is the ids: where experts can overflow, what an
 * earlier token gets depends on later ones, padding included. So does the original sample from mixtures.
 */
function recomputeFullContext(at: Scope, ids: Ids, last: Positions, model: Model): Decoded {
  const sequence = fullContext(model)
  const full: Model = { ...model, sequence, memory: dim('memory_length', sequence.size) }
  return { logits: logitsAt(at, transformer(at, ids, full).x, last, full), caches: [{ ids }] }
}

const fullContext = ({ config }: Model): Dim<'sequence'> => dim('sequence', config.n_ctx)

/** Prompts as a whole context, filled with the padding id. */
function paddedContext(ids: Ids, lengths: Positions, { sequence, config }: Model): Ids {
  const padding = config.padding_id ?? 0
  const given = where(range(sequence).less(lengths), ids, padding) as Ids
  return pad(given, sequence, 0, config.n_ctx - sequence.size, padding) as Ids
}

/** Logits f32 [batch, vocab] of one position per row: the only one, or that at `last`. */
function logitsAt(at: Scope, x: Hidden, last: Positions | undefined, model: Model): Tensor<'batch' | 'vocab'> {
  const { batch, sequence, embd, vocabSize } = model
  const one = { ...model, sequence: dim('sequence', 1) }
  const row = last ? reshape(rowsAt(x, last, model), [batch, one.sequence, embd]) : slice(x, sequence, 0, 1)
  return reshape(logitsOf(headOf(at, row, one), one), [batch, dim('vocab', vocabSize)])
}

/** [batch, embd] of x [batch, sequence, embd] at a position per row. */
function rowsAt(x: Hidden, at: Positions, { batch, sequence, embd }: Model): Tensor<'batch' | 'embd'> {
  const rows = dim('rows', batch.size * sequence.size)
  return take(reshape(x, [rows, embd]), rows, range(batch).mul(sequence.size).add(at))
}
