import {
  and,
  argmax,
  cast,
  compare,
  einsum,
  pick,
  scan,
  where,
  zeros,
  type Tensor,
  type Value,
} from '../../tensor/index.js'
import type { Model } from '../dims.js'
import { maskPadding } from '../kernels/cross-entropy.js'
import { chunkTokens } from '../kernels/token-chunks.js'
import type { Head, Labels } from './head.js'

/** Logits held at a time: 64 MB of f32. */
const CHUNK_ELEMENTS = 16 * 2 ** 20

/** How likely given next tokens are. */
export interface TokenScores {
  /** Log probability of each label in nats, f32; 0 where a label is outside the vocabulary. */
  readonly logProbability: Tensor<'batch' | 'sequence'>
  /** 1 where the label is the most likely token (of equal ones the first), i32. */
  readonly greedy: Tensor<'batch' | 'sequence'>
}

/**
 * Scores of given next tokens: labels i32 [batch, sequence], of tokens that do not count -1. Logits are made for some tokens at
 * a time, and are never held for all of them. No z-loss.
 */
export function tokenScores({ x, table, bias }: Head, labels: Labels, model: Model): TokenScores {
  const { batch, embd, vocab, vocabSize } = model
  const chunked = chunkTokens(model, CHUNK_ELEMENTS)
  const { chunks, sequence: part } = chunked
  const narrow = cast(table, x.dtype)
  const [, found] = scan(
    chunks,
    zeros([]),
    { h: chunked.cut(x, [embd]), ids: chunked.cut(labels, [], -1) },
    (carry, { h, ids }) => {
      const product = cast(einsum([h, narrow], [batch, part, vocab]), 'f32') as Tensor
      const logits = maskPadding(bias ? product.add(bias) : product, model)
      const top = logits.max(vocab)
      const total = logits.sub(top).exp().sum(vocab)
      const known = and(compare(ids, 'GE', 0), compare(ids, 'LT', vocabSize))
      const logProbability = where(known, pick(logits, vocab, ids).sub(top).sub(total.log()), 0)
      const greedy = cast(and(known, compare(argmax(logits, vocab), 'EQ', ids)), 'i32')
      return [carry, { logProbability, greedy }] as const
    },
  )
  const join = (scores: Value) => chunked.join(scores, []) as Tensor<'batch' | 'sequence'>
  return { logProbability: join(found.logProbability), greedy: join(found.greedy) }
}
