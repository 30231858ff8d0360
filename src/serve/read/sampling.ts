/** The fields that completions and chat have in common: how tokens are sampled, and how the answer is sent. */
import { randomInt } from 'node:crypto'
import type { TextRequest } from '../../generate/index.js'
import { invalid } from '../api-error.js'
import { booleanField, integerField, numberField, wrong, type Json } from './fields.js'

/** Options of `streamText` that a request sets, beside its prompt. */
export type SamplingFields = Pick<
  TextRequest,
  | 'temperature'
  | 'topK'
  | 'topP'
  | 'minP'
  | 'repetitionPenalty'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'logitBias'
  | 'stop'
>

export interface CommonFields {
  readonly sampling: SamplingFields
  readonly seed: number
  /** Choices per prompt. */
  readonly n: number
  readonly stream: boolean
  /** Whether a stream ends with a chunk of usage. */
  readonly includeUsage: boolean
}

export const COMMON_FIELDS = [
  'model',
  'temperature',
  'top_k',
  'top_p',
  'min_p',
  'repetition_penalty',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'stop',
  'seed',
  'n',
  'stream',
  'stream_options',
] as const

/** Choices per prompt, at most. */
const MOST_CHOICES = 128
/** Stop strings, at most, as in OpenAI's API. */
const MOST_STOPS = 4
/** Characters of a stop string, at most: each new piece of text is compared with all of them. */
const LONGEST_STOP = 1000
/** Of n choices the seeds are beyond the request's. */
const HIGHEST_SEED = Number.MAX_SAFE_INTEGER - MOST_CHOICES

/** Reads them. Throws ApiError for the first field that is wrong. */
export function readCommon(json: Json, vocabSize: number): CommonFields {
  const stream = booleanField(json, 'stream', false)
  return {
    sampling: {
      temperature: numberField(json, 'temperature', 1, { low: 0 }),
      // -1 is "all" to vLLM.
      topK: Math.max(0, integerField(json, 'top_k', 0, { low: -1 })),
      topP: numberField(json, 'top_p', 1, { low: 0, high: 1, exclude: 0 }),
      minP: numberField(json, 'min_p', 0, { low: 0, high: 1 }),
      repetitionPenalty: numberField(json, 'repetition_penalty', 1, { low: 0, exclude: 0 }),
      presencePenalty: numberField(json, 'presence_penalty', 0, { low: -2, high: 2 }),
      frequencyPenalty: numberField(json, 'frequency_penalty', 0, { low: -2, high: 2 }),
      logitBias: readBias(json.logit_bias ?? {}, vocabSize),
      stop: readStop(json.stop ?? []),
    },
    seed: integerField(json, 'seed', undefined, { low: 0, high: HIGHEST_SEED }) ?? randomInt(2 ** 47),
    n: integerField(json, 'n', 1, { low: 1, high: MOST_CHOICES }),
    stream,
    includeUsage: readStreamOptions(json.stream_options ?? null, stream),
  }
}

function readStop(value: unknown): string[] {
  const stops: unknown[] = Array.isArray(value) ? value : [value]
  const isStop = (stop: unknown) => typeof stop === 'string' && stop !== '' && stop.length <= LONGEST_STOP
  if (stops.length <= MOST_STOPS && stops.every(isStop)) return (stops as string[]).map(wellFormed)
  throw wrong('stop', `a text or up to ${MOST_STOPS} texts, each of 1 to ${LONGEST_STOP} characters`, value)
}

/** A lone surrogate, which no text of a model has, would match half of a character. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

function readBias(value: unknown, vocabSize: number): Map<number, number> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong('logit_bias', 'an object of token ids and numbers', value)
  const entries = Object.entries(value).map(([key, bias]: [string, unknown]): [number, number] => {
    const id = /^\d{1,9}$/.test(key) ? Number(key) : NaN
    if (!(id < vocabSize)) throw wrong('logit_bias', `an object whose keys are token ids below ${vocabSize}`, key)
    if (!(typeof bias === 'number' && bias >= -100 && bias <= 100))
      throw wrong('logit_bias', 'an object whose values are numbers >= -100 and <= 100', bias)
    return [id, bias]
  })
  return entries.length === 0 ? undefined : new Map(entries)
}

function readStreamOptions(value: unknown, stream: boolean): boolean {
  if (value === null) return false
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong('stream_options', 'an object', value)
  if (!stream) throw invalid('stream_options', 'stream_options must be left out unless stream is true')
  const odd = Object.keys(value).find((key) => !['include_usage', 'include_obfuscation'].includes(key))
  if (odd !== undefined)
    throw invalid(
      'stream_options',
      `stream_options must have no fields but include_usage (got ${JSON.stringify(odd.slice(0, 40))})`,
    )
  const { include_usage: includeUsage = false } = value as { include_usage?: unknown }
  if (typeof (includeUsage ?? false) !== 'boolean')
    throw wrong('stream_options.include_usage', 'true or false', includeUsage)
  return includeUsage === true
}
