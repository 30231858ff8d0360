import type { Positions } from '../model/index.js'
import {
  argmax,
  cast,
  cumsum,
  dim,
  random,
  slice,
  softmax,
  sort,
  where,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import { markNotFinite } from './check-logits.js'

/** How the next token is drawn from its logits. */
export interface Sampling {
  /** Divides the logits; 0 takes the most likely token. @default 1 */
  readonly temperature?: number
  /** Samples among the k most likely tokens; 0 among all. @default 0 */
  readonly topK?: number
  /** Nucleus sampling: cumulative probability of the most likely tokens to keep; 1 keeps all. @default 1 */
  readonly topP?: number
}

/** Temperatures below this are 0: f32 logits divided by them would overflow, and no noise changes their order. */
const GREEDY = 1e-30

/** Whether the most likely token is taken. */
export const isGreedy = (temperature: number): boolean => temperature < GREEDY

/** Throws RangeError for a setting outside its range. */
export function checkSampling({ temperature = 1, topK = 0, topP = 1 }: Sampling): void {
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw new RangeError(`temperature must be a finite number >= 0 (got ${temperature}). 0 takes the most likely token`)
  if (!Number.isInteger(topK) || topK < 0)
    throw new RangeError(`top-k must be an integer >= 0 (got ${topK}). 0 sets no limit`)
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`top-p must be > 0 and <= 1 (got ${topP}). 1 sets no limit`)
}

/** Throws RangeError for a number of new tokens that is not an integer >= 1. */
export function checkMaxTokens(maxTokens: number): void {
  if (!Number.isInteger(maxTokens) || maxTokens < 1)
    throw new RangeError(`maxTokens must be an integer >= 1 (got ${maxTokens})`)
}

/**
 * Next token ids, i32 [batch], from f32 logits [batch, vocab]. Random numbers are those of `key`, so equal keys give
 * equal tokens on every engine. A sample is the argmax of the logits plus Gumbel noise, as in gpt-neo sample.py; top-k comes
 * before top-p, as in Hugging Face generate.
 */
export function pickNext(logits: Tensor<'batch' | 'vocab'>, key: random.Key, sampling: Sampling): Tensor<'batch'> {
  const { temperature = 1, topK = 0, topP = 1 } = sampling
  const [batch, vocab] = logits.dims as readonly [Dim<'batch'>, Dim<'vocab'>]
  if (isGreedy(temperature)) return markNotFinite(argmax(logits, vocab), logits)
  let scaled: Tensor<'batch' | 'vocab'> = logits.div(temperature)
  const limited = topK > 0 && topK < vocab.size
  if (limited || topP < 1) {
    const [sorted] = sort(scaled, vocab, { descending: true })
    const count = limited ? topK : vocab.size
    const top = dim('vocab', count)
    const best = slice(sorted, vocab, 0, count) as Tensor
    // A token stays if those before it do not reach topP; the first always does.
    const before = cumsum(softmax(best, top), top, { exclusive: true })
    const lowest = topP < 1 ? where(before.less(topP), best, Infinity).min(top) : best.min(top)
    scaled = where(scaled.greaterEqual(lowest as Tensor), scaled, -Infinity)
  }
  const noise = random.gumbel(key, [batch, vocab], [batch, vocab])
  return markNotFinite(argmax(scaled.add(noise), vocab), logits)
}

/** The key for the token at a position, one per row or of all, from the words of a seed (u32 [seed_words 2]). */
export function keyAt(seedWords: Tensor, position: Positions): random.Key {
  return random.foldIn(random.keyOfWords(seedWords), cast(position, 'u32'))
}
