/** From texts to passages of tokens, cut where lm-evaluation-harness cuts. */
import type { ModelConfig } from '../config/index.js'
import { endOfTextId, type Tokenizer } from '../tokenizer/index.js'
import { EvaluationError } from './error.js'
import { rstrip } from './python.js'
import type { Passage } from './scorer.js'

/** Encodes texts for a model. */
export interface Encoder {
  readonly tokenizer: Tokenizer
  readonly contextLength: number
  /** The token before every text: the data's end-of-text token. */
  readonly prefix: number
  /** Continuations whose context did not fit and was cut at its beginning. */
  truncated: number
}

/** Throws EvaluationError for a tokenizer that does not fit the model. */
export function createEncoder(tokenizer: Tokenizer, config: ModelConfig): Encoder {
  const prefix = endOfTextId(tokenizer, config.eos_id)
  if (prefix === undefined || prefix >= config.n_vocab)
    throw new EvaluationError(
      'the tokenizer must have an end-of-text token, with which every text begins (got none). Set eos_id in the config, ' +
        'or use another tokenizer',
    )
  return { tokenizer, contextLength: config.n_ctx, prefix, truncated: 0 }
}

/**
 * The tokens of a context and its continuation, of which those of the continuation are scored. Spaces at the end of the
 * context belong to the continuation, and both are encoded as one text, which is cut at the number of the context's tokens. A
 * context that does not fit loses its beginning. Throws EvaluationError for a continuation without tokens, or beyond n_ctx.
 * Source: lm-evaluation-harness 0.4.13, api/model.py (loglikelihood, _encode_pair), models/huggingface.py.
 */
export function encodePair(encoder: Encoder, context: string, continuation: string, where: string): Passage {
  const { tokenizer, contextLength, prefix } = encoder
  const kept = rstrip(context)
  const ids = tokenizer.encode(context + continuation)
  let before = tokenizer.encode(kept).length
  let all: number[] | Int32Array = ids
  if (before === 0 && ids[0] !== prefix) {
    all = [prefix, ...ids]
    before = 1
  } else if (before === 0) before = 1
  const count = all.length - before
  if (count < 1) throw new EvaluationError(`${where}: a continuation must have at least one token (got none)`)
  if (count > contextLength)
    throw new EvaluationError(
      `${where}: a continuation must fit n_ctx = ${contextLength} tokens (got ${count}). Shorten it, or score it as a text`,
    )
  const cut = Math.max(0, all.length - (contextLength + 1))
  if (cut > 0) encoder.truncated++
  return {
    ids: Int32Array.from(all.slice(cut)),
    scored: Int32Array.from({ length: count }, (_, i) => before - cut + i),
  }
}

/**
 * Windows over tokens of any number: each token after the first is scored once. A window moves on by `stride` tokens and
 * sees n_ctx - stride earlier ones; the first scores all of its tokens. With stride n_ctx they are those of
 * lm-evaluation-harness (utils.py: get_rolling_token_windows, context_len 1).
 */
export function slidingWindows(ids: Int32Array, contextLength: number, stride: number): Passage[] {
  const windows: Passage[] = []
  let done = 1
  while (done < ids.length) {
    const end = Math.min(ids.length, done === 1 ? contextLength + 1 : done + stride)
    const start = Math.max(0, end - (contextLength + 1))
    const first = done
    windows.push({
      ids: ids.subarray(start, end),
      scored: Int32Array.from({ length: end - first }, (_, i) => first - start + i),
    })
    done = end
  }
  return windows
}
