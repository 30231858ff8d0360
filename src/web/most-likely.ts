/** A token and its probability. */
export interface Likely {
  readonly id: number
  readonly probability: number
}

/**
 * Softmax of logits (f32 [vocab]) at a token, the number of tokens with a higher one, and the `count` most likely tokens, best first.
 */
export function mostLikely(
  logits: Float32Array,
  id: number,
  count: number,
): { readonly probability: number; readonly rank: number; readonly best: Likely[] } {
  let highest = -Infinity
  for (const logit of logits) highest = Math.max(highest, logit)
  let sum = 0
  let rank = 0
  const best: number[] = []
  for (let at = 0; at < logits.length; at++) {
    sum += Math.exp(logits[at] - highest)
    if (logits[at] > logits[id]) rank++
    if (best.length === count && !(logits[at] > logits[best[count - 1]])) continue
    const index = best.findIndex((other) => logits[at] > logits[other])
    best.splice(index < 0 ? best.length : index, 0, at)
    if (best.length > count) best.pop()
  }
  const probabilityOf = (token: number) => Math.exp(logits[token] - highest) / sum
  return { probability: probabilityOf(id), rank, best: best.map((at) => ({ id: at, probability: probabilityOf(at) })) }
}
