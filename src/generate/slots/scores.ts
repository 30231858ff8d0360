import { LogitsError, NOT_FINITE_LOGITS } from '../check-logits.js'

/** How likely a token was, and which tokens were the most likely in its place. */
export interface TokenScore {
  readonly id: number
  /** log softmax of the raw logits, before temperature, penalties and biases; null if not requested, or without logits. */
  readonly logprob: number | null
  /** The most likely tokens, best first, the lower id first among equals; has the same number for the same id. */
  readonly top: readonly (readonly [id: number, logprob: number])[]
}

/** The score of a token without logits: the first of a prompt, or one whose scores were not requested. */
export const unscored = (id: number): TokenScore => ({ id, logprob: null, top: [] })

/** Scores a token by its f32 logits [vocab], in f64, with the `count` most likely tokens. */
export function scoreOf(logits: Float32Array, id: number, count: number): TokenScore {
  const best = greatest(logits)
  let sum = 0
  for (const x of logits) sum += Math.exp(x - best)
  const total = best + Math.log(sum)
  const top = mostLikely(logits, count).map((each) => [each, logits[each] - total] as const)
  return { id, logprob: logits[id] - total, top }
}

/** The largest of f32 logits [vocab]. Throws LogitsError if one is NaN or infinite. */
export function greatest(logits: Float32Array): number {
  let best = -Infinity
  let finite = true
  for (const x of logits) {
    if (x > best) best = x
    // Infinity and NaN differ from themselves by NaN.
    if (x - x !== 0) finite = false
  }
  if (!finite) throw new LogitsError(NOT_FINITE_LOGITS)
  return best
}

/** Ids of the `count` largest numbers, best first, the lower id first among equals. */
export function mostLikely(numbers: Float32Array | Float64Array, count: number): number[] {
  const ids: number[] = []
  if (count === 0) return ids
  let last = -Infinity
  for (let id = 0; id < numbers.length; id++) {
    const x = numbers[id]
    if (ids.length === count && !(x > last)) continue
    if (ids.length === count) ids.pop()
    let at = ids.length
    while (at > 0 && numbers[ids[at - 1]] < x) at--
    ids.splice(at, 0, id)
    last = numbers[ids[ids.length - 1]]
  }
  return ids
}
