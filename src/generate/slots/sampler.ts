import { isGreedy } from '../pick.js'
import type { CheckedRequest } from './request.js'
import { greatest, mostLikely } from './scores.js'

/**
 * Picks the tokens of one request, from its logits on the host: the settings differ from slot to slot, and one compiled
 * program computes the logits of all. Biases come first, then penalties, temperature, top-k, top-p, min-p, as in
 * transformers' generate.
 */
export class Sampler {
  /** How often the answer has a token. */
  private readonly counts = new Map<number, number>()
  /** Tokens of the prompt and the answer. */
  private readonly seen: Set<number>
  private readonly changesLogits: boolean

  constructor(private readonly request: CheckedRequest) {
    const { logitBias, repetitionPenalty, presencePenalty, frequencyPenalty } = request
    this.seen = repetitionPenalty === 1 ? new Set() : new Set(request.prompt)
    this.changesLogits =
      logitBias.size > 0 || repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0
  }

  /** Whether `pick` needs noise. */
  get draws(): boolean {
    return !isGreedy(this.request.temperature)
  }

  /** The next token of f32 logits [vocab], with Gumbel noise [vocab] if it draws; later ones are chosen with it in the answer. */
  pick(logits: Float32Array, noise: Float32Array | null): number {
    const id = this.choose(logits, noise)
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1)
    if (this.request.repetitionPenalty !== 1) this.seen.add(id)
    return id
  }

  /** The argmax of the logits that remain, over the temperature, plus the noise. Throws LogitsError. */
  choose(logits: Float32Array, noise: Float32Array | null): number {
    greatest(logits) // all are finite
    const changed = this.changesLogits ? this.changed(logits) : logits
    return noise ? this.draw(changed, noise) : argmax(changed)
  }

  /** Logits with biases and penalties. Sources: OpenAI's API, Keskar et al. 2019, "CTRL" (repetition penalty). */
  private changed(logits: Float32Array): Float32Array {
    const { logitBias, repetitionPenalty, presencePenalty, frequencyPenalty } = this.request
    const changed = logits.slice()
    for (const [id, bias] of logitBias) changed[id] += bias
    for (const id of this.seen)
      changed[id] = changed[id] > 0 ? changed[id] / repetitionPenalty : changed[id] * repetitionPenalty
    for (const [id, count] of this.counts) changed[id] -= presencePenalty + frequencyPenalty * count
    return changed
  }

  private draw(logits: Float32Array, noise: Float32Array): number {
    const { temperature } = this.request
    const scaled = temperature === 1 ? logits : logits.map((x) => x / temperature)
    const lowest = lowestKept(scaled, this.request)
    let best = -1
    let most = -Infinity
    for (let id = 0; id < scaled.length; id++) {
      if (scaled[id] < lowest) continue
      const x = Math.fround(scaled[id] + noise[id])
      if (x > most) [best, most] = [id, x]
    }
    // Biases may have excluded every token.
    return best >= 0 ? best : argmax(scaled)
  }
}

/** The smallest logit that top-k, top-p and min-p keep; tokens of equal logits are kept or dropped together. */
export function lowestKept(logits: Float32Array, limits: Pick<CheckedRequest, 'topK' | 'topP' | 'minP'>): number {
  const { topK, topP, minP } = limits
  const limited = topK > 0 && topK < logits.length
  let lowest = -Infinity
  if (limited || topP < 1) {
    const count = limited ? topK : logits.length
    lowest = topP < 1 ? lowestOfNucleus(logits, count, topP) : logits[mostLikely(logits, count)[count - 1]]
  }
  if (minP === 0) return lowest
  return Math.max(lowest, logits[argmax(logits)] + Math.log(minP))
}

/** The smallest logit of the most likely of `count` tokens that have a probability of `topP` among those. */
function lowestOfNucleus(logits: Float32Array, count: number, topP: number): number {
  const sorted = logits.slice().sort().reverse()
  const [best] = sorted
  let total = 0
  for (let i = 0; i < count; i++) total += Math.exp(sorted[i] - best)
  let before = 0
  let lowest = best
  // A token stays if those before it do not reach topP; the first always does.
  for (let i = 0; i < count && before < topP * total; i++) {
    lowest = sorted[i]
    before += Math.exp(sorted[i] - best)
  }
  return lowest
}

function argmax(numbers: Float32Array): number {
  let best = 0
  for (let i = 1; i < numbers.length; i++) if (numbers[i] > numbers[best]) best = i
  return best
}
