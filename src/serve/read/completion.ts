/** The body of POST /v1/completions. */
import { invalid } from '../api-error.js'
import { booleanField, checkKnown, integerField, objectOf, type Json } from './fields.js'
import { fitTokens, readPrompts, type PromptLimits } from './prompts.js'
import { COMMON_FIELDS, readCommon, type CommonFields } from './sampling.js'

export interface CompletionRequest extends CommonFields {
  readonly model: string | undefined
  readonly prompts: readonly (readonly number[])[]
  /** 0: the prompt alone, with echo. */
  readonly maxTokens: number
  readonly echo: boolean
  /** Alternatives per token; undefined: no log probabilities. */
  readonly logprobs: number | undefined
}

/** Alternatives per token, at most. */
export const MOST_LOGPROBS = 20
/** New tokens where the request does not set their number, as in OpenAI's API. */
const DEFAULT_TOKENS = 16

const FIELDS = [...COMMON_FIELDS, 'prompt', 'max_tokens', 'echo', 'logprobs']

const UNSUPPORTED = {
  suffix: 'The model continues texts and cannot fill a gap',
  best_of: 'Ask for n choices with logprobs, and compare them',
  response_format: 'Leave it out',
}

/** Reads and checks it. Throws ApiError. */
export function readCompletion(body: unknown, limits: PromptLimits): CompletionRequest {
  const json = objectOf(body)
  checkKnown(json, FIELDS, UNSUPPORTED)
  const model = readModel(json)
  const common = readCommon(json, limits.vocabSize)
  const echo = booleanField(json, 'echo', false)
  const logprobs = integerField(json, 'logprobs', undefined, { low: 0, high: MOST_LOGPROBS })
  const asked = integerField(json, 'max_tokens', undefined, { low: 0 })
  if (asked === 0 && !echo)
    throw invalid('max_tokens', 'max_tokens must be an integer >= 1 without echo (got 0): there would be no answer')
  const prompts = readPrompts(json.prompt, limits)
  const maxTokens = fitTokens(prompts, asked, DEFAULT_TOKENS, limits.context)
  return { ...common, model, prompts, maxTokens, echo, logprobs }
}

/** The name of the model that is asked for; undefined for the only one. */
export function readModel(json: Json): string | undefined {
  const { model = null } = json
  if (model === null || typeof model === 'string') return model ?? undefined
  throw invalid('model', `model must be a text (got ${typeof model === 'object' ? 'an object' : String(model)})`)
}
