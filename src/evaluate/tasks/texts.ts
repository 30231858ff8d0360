/** Perplexity and bits per byte of texts. */
import { EvaluationError } from '../error.js'
import { slidingWindows, type Encoder } from '../encode.js'
import { countWords } from '../python.js'
import { sumOf, type Item } from './item.js'

export interface Document {
  readonly text: string
  /** The text whose bytes and words are counted, if another than the one scored. */
  readonly original?: string
}

/** Each document on its own, after an end-of-text token, which is not scored; an item per document. */
export function documentItems(encoder: Encoder, documents: readonly Document[], stride: number): Item[] {
  const { tokenizer, contextLength, prefix } = encoder
  return documents.flatMap(({ text, original = text }): Item[] => {
    const ids = tokenizer.encode(text)
    if (ids.length === 0) return []
    const passages = slidingWindows(Int32Array.from([prefix, ...ids]), contextLength, stride)
    const bytes = Buffer.byteLength(original)
    const words = countWords(original)
    return [
      {
        passages,
        judge(scores) {
          const logLikelihood = scores.reduce((total, each) => total + sumOf(each), 0)
          return {
            logLikelihoods: [logLikelihood],
            figures: { nll: -logLikelihood, tokens: ids.length, bytes, words },
          }
        },
      },
    ]
  })
}

/**
 * All documents in one stream, an end-of-text token before the first and after each, which is scored and has no bytes, as in
 * training; an item per window.
 */
export function packedItems(encoder: Encoder, documents: readonly Document[], stride: number): Item[] {
  const { tokenizer, contextLength, prefix } = encoder
  const parts = documents.map(({ text }) => tokenizer.encode(text)).filter(({ length }) => length > 0)
  const stream = new Int32Array(parts.reduce((sum, { length }) => sum + length + 1, 1)).fill(prefix)
  const ends = new Set<number>()
  let at = 1
  for (const ids of parts) {
    stream.set(ids, at)
    at += ids.length + 1
    ends.add(at - 1)
  }
  let offset = 1
  return slidingWindows(stream, contextLength, stride).map((passage): Item => {
    let bytes = 0
    for (const index of passage.scored) {
      const ended = ends.has(offset++)
      if (!ended) bytes += tokenizer.bytesOf(passage.ids[index]).length
    }
    return {
      passages: [passage],
      judge([scores]) {
        const logLikelihood = sumOf(scores)
        return {
          logLikelihoods: [logLikelihood],
          figures: { nll: -logLikelihood, tokens: passage.scored.length, bytes },
        }
      },
    }
  })
}

/** Throws EvaluationError unless windows can move on by `stride`. */
export function checkStride(stride: number, contextLength: number): void {
  if (!Number.isInteger(stride) || stride < 1 || stride > contextLength)
    throw new EvaluationError(`the stride must be an integer from 1 to n_ctx = ${contextLength} (got ${stride})`)
}
