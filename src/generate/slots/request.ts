import type { ModelConfig } from '../../config/index.js'
import { checkMaxTokens, checkSampling } from '../pick.js'

/** A prompt to continue, and how. */
export interface SlotRequest {
  /** Token ids, at least one and fewer than the engine's capacity. */
  readonly prompt: ArrayLike<number>
  /** Maximum number of new tokens; a request also ends where prompt and new tokens fill the capacity. @default 128 */
  readonly maxTokens?: number
  /** Divides the logits; 0 takes the most likely token. @default 1 */
  readonly temperature?: number
  /** Samples among the k most likely tokens; 0 among all. @default 0 */
  readonly topK?: number
  /** Nucleus sampling: cumulative probability of the most likely tokens to keep, after top-k; 1 keeps all. @default 1 */
  readonly topP?: number
  /** Keeps tokens of at least this fraction of the most likely token's probability. @default 0 */
  readonly minP?: number
  /** Divides positive and multiplies negative logits of tokens of the prompt and the answer. @default 1 */
  readonly repetitionPenalty?: number
  /** Subtracted from the logits of tokens that the answer has. @default 0 */
  readonly presencePenalty?: number
  /** Subtracted from a token's logit for each time that the answer has it. @default 0 */
  readonly frequencyPenalty?: number
  /** Added to the logits of these ids; -Infinity excludes one. */
  readonly logitBias?: ReadonlyMap<number, number>
  /** The noise of a token is a function of the seed and the token's position. @default 0 */
  readonly seed?: number
  /** Ids after which the answer ends; they are yielded too. */
  readonly stopIds?: readonly number[]
  /** Number of most likely tokens to report with each token, from 0 to 20; without it no scores are computed. */
  readonly logprobs?: number
  /** Whether to report the scores of the prompt's tokens. @default false */
  readonly promptLogprobs?: boolean
  /** Cancels the request at the next step. */
  readonly signal?: AbortSignal
}

/** A request with its defaults. */
export interface CheckedRequest {
  readonly prompt: readonly number[]
  readonly maxTokens: number
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly minP: number
  readonly repetitionPenalty: number
  readonly presencePenalty: number
  readonly frequencyPenalty: number
  readonly logitBias: ReadonlyMap<number, number>
  readonly seed: number
  readonly stopIds: readonly number[]
  readonly logprobs: number | undefined
  readonly promptLogprobs: boolean
  readonly signal: AbortSignal | undefined
}

/** A request with defaults filled in. Throws RangeError for a value outside its range. */
export function checkRequest(request: SlotRequest, { n_vocab }: ModelConfig, capacity: number): CheckedRequest {
  const { maxTokens = 128, temperature = 1, topK = 0, topP = 1, minP = 0, seed = 0 } = request
  const { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0, logprobs, promptLogprobs = false } = request
  const { logitBias = new Map<number, number>(), stopIds = [], signal } = request
  checkMaxTokens(maxTokens)
  checkSampling({ temperature, topK, topP })
  const inRange = (name: string, value: number, ok: boolean, range: string) => {
    if (!ok) throw new RangeError(`${name} must be ${range} (got ${value})`)
  }
  inRange('min-p', minP, minP >= 0 && minP <= 1, '>= 0 and <= 1')
  const positive = repetitionPenalty > 0 && Number.isFinite(repetitionPenalty)
  inRange('repetition penalty', repetitionPenalty, positive, 'a finite number > 0')
  inRange('presence penalty', presencePenalty, Number.isFinite(presencePenalty), 'a finite number')
  inRange('frequency penalty', frequencyPenalty, Number.isFinite(frequencyPenalty), 'a finite number')
  inRange('seed', seed, Number.isSafeInteger(seed) && seed >= 0, 'an integer from 0 to 2^53')
  if (logprobs !== undefined) {
    const ok = Number.isInteger(logprobs) && logprobs >= 0 && logprobs <= 20
    inRange('logprobs', logprobs, ok, 'an integer from 0 to 20')
  }
  for (const [id, bias] of logitBias) {
    checkId('logit bias', id, n_vocab)
    inRange(`logit bias of ${id}`, bias, !Number.isNaN(bias) && bias < Infinity, 'a finite number or -Infinity')
  }
  const prompt = Array.from(request.prompt)
  if (prompt.length === 0)
    throw new RangeError('prompt must have at least one token (got none). Begin with the end-of-text token')
  if (prompt.length >= capacity)
    throw new RangeError(
      `prompt must have less than ${capacity} tokens, the capacity of a slot (got ${prompt.length}). Shorten it, for example with fitPrompt`,
    )
  for (const id of prompt) checkId('prompt', id, n_vocab)
  return {
    prompt,
    maxTokens: Math.min(maxTokens, capacity - prompt.length),
    temperature,
    topK,
    topP,
    minP,
    repetitionPenalty,
    presencePenalty,
    frequencyPenalty,
    logitBias,
    seed,
    stopIds,
    logprobs,
    promptLogprobs,
    signal,
  }
}

function checkId(what: string, id: number, vocab: number): void {
  if (!(Number.isInteger(id) && id >= 0 && id < vocab))
    throw new RangeError(
      `${what}: token ids must be integers in [0, ${vocab}) (got ${id}). Use the tokenizer that the model was trained with`,
    )
}

/**
 * The seed of one of several choices of a request: choice 0 has the request's own, later ones have seeds that depend on
 * both, by the mixing function of Steele et al. 2014, "Fast splittable pseudorandom number generators".
 */
export function seedOf(seed: number, choice: number): number {
  if (choice === 0) return seed
  let x = BigInt.asUintN(64, BigInt(seed) + BigInt(choice) * 0x9e3779b97f4a7c15n)
  x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n)
  x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn)
  return Number((x ^ (x >> 31n)) >> 11n)
}
