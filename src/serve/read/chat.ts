/** The body of POST /v1/chat/completions. */
import { invalid } from '../api-error.js'
import type { ChatTemplate, Message } from '../chat-template.js'
import { readModel, MOST_LOGPROBS } from './completion.js'
import { booleanField, checkKnown, integerField, objectOf, shown, wrong } from './fields.js'
import { fitTokens, idsOfText, type PromptLimits } from './prompts.js'
import { COMMON_FIELDS, readCommon, type CommonFields } from './sampling.js'

export interface ChatRequest extends CommonFields {
  readonly model: string | undefined
  readonly prompt: readonly number[]
  readonly maxTokens: number
  /** Alternatives per token; undefined: no log probabilities. */
  readonly logprobs: number | undefined
}

const FIELDS = [
  ...COMMON_FIELDS,
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'logprobs',
  'top_logprobs',
  'response_format',
  'tool_choice',
  'parallel_tool_calls',
]

const TEXT_ONLY = 'The model answers with text only'
const UNSUPPORTED = {
  tools: TEXT_ONLY,
  functions: TEXT_ONLY,
  function_call: TEXT_ONLY,
  audio: TEXT_ONLY,
  modalities: TEXT_ONLY,
  prediction: 'Leave it out',
  reasoning_effort: 'The model does not reason before it answers',
  verbosity: 'Leave it out',
  web_search_options: TEXT_ONLY,
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool']

/** Reads and checks it, and writes the messages as the model's prompt. Throws ApiError. */
export function readChat(body: unknown, template: ChatTemplate, limits: PromptLimits): ChatRequest {
  const json = objectOf(body)
  checkKnown(json, FIELDS, UNSUPPORTED)
  const model = readModel(json)
  const common = readCommon(json, limits.vocabSize)
  const wanted = booleanField(json, 'logprobs', false)
  const top = integerField(json, 'top_logprobs', undefined, { low: 0, high: MOST_LOGPROBS })
  if (top !== undefined && !wanted)
    throw invalid('top_logprobs', 'top_logprobs must be left out unless logprobs is true')
  const format = json.response_format ?? null
  if (format !== null && (format as { type?: unknown }).type !== 'text')
    throw invalid('response_format', 'response_format must be {"type": "text"} or left out', 'unsupported_parameter')
  const [tokens, completion] = ['max_tokens', 'max_completion_tokens'].map((field) =>
    integerField(json, field, undefined, { low: 1 }),
  )
  const prompt = idsOfText(template.render(readMessages(json.messages)), limits)
  const maxTokens = fitTokens([prompt], completion ?? tokens, Infinity, limits.context)
  return { ...common, model, prompt, maxTokens, logprobs: wanted ? (top ?? 0) : undefined }
}

function readMessages(value: unknown): Message[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong('messages', 'a list of at least one message', value)
  return value.map((each: unknown, index) => {
    const where = `messages[${index}]`
    if (typeof each !== 'object' || each === null || Array.isArray(each))
      throw invalid('messages', `${where} must be an object with role and content (got ${shown(each)})`)
    const { role, content, name } = each as Record<string, unknown>
    if (typeof role !== 'string' || !ROLES.includes(role))
      throw invalid('messages', `${where}.role must be one of ${ROLES.join(', ')} (got ${shown(role)})`)
    const text = textOf(content, `${where}.content`)
    return { role, content: text, ...(typeof name === 'string' && { name }) }
  })
}

/** A text, or parts that are texts. */
function textOf(content: unknown, where: string): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) {
    const parts = content.map((part: unknown) => {
      const { type, text } = Object(part) as { type?: unknown; text?: unknown }
      return type === 'text' && typeof text === 'string' ? text : undefined
    })
    if (parts.every((part) => part !== undefined)) return parts.join('')
  }
  throw invalid(
    'messages',
    `${where} must be a text, or a list of {"type": "text", "text": ...} (got ${shown(content)})`,
  )
}
