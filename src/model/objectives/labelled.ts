import { and, cast, compare, constant, cumsum, dim, einsum, range, transpose, where } from '../../tensor/index.js'
import { NO_TOKEN } from '../kernels/cross-entropy.js'
import type { Hidden, Model } from '../dims.js'
import type { Labels } from './head.js'

/** Hidden states and labels of the positions that have a label, and a model whose sequence these are. */
export interface Labelled {
  readonly x: Hidden
  readonly labels: Labels
  readonly model: Model
}

/**
 * The positions that have a label >= 0, at most `count` of each row, in order, so that logits are computed there alone. Rows
 * with fewer have labels of no token after them. All positions where that is not fewer, or where a mesh splits the sequence.
 */
export function labelledPositions(x: Hidden, labels: Labels, model: Model, count: number): Labelled {
  const { batch, sequence, embd } = model
  if (count >= sequence.size || model.parts('sequence') > 1) {
    const known = where(labels.greaterEqual(0), labels, constant(NO_TOKEN, 'i32'))
    return { x, labels: known, model }
  }
  const chosen = dim('chosen', count)
  const has = labels.greaterEqual(0)
  const rank = cumsum(cast(has, 'i32'), sequence)
  // One in each row of [chosen, sequence], or none: products with it are exact.
  const select = and(has, compare(rank, 'EQ', range(chosen).add(1)))
  const picked = einsum([cast(select, x.dtype), x], [batch, chosen, embd])
  const label = where(select, labels, constant(0, 'i32')).sum(sequence)
  const kept = where(cast(select, 'i32').sum(sequence).greater(0), label, constant(NO_TOKEN, 'i32'))
  const short = dim('sequence', count)
  return {
    x: picked.rename(chosen, short),
    labels: transpose(kept, [batch, chosen]).rename(chosen, short),
    model: { ...model, sequence: short },
  }
}
