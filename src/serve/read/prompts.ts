/** The prompt of a completion in its four forms: a text, texts, token ids, lists of token ids. */
import type { Tokenizer } from '../../tokenizer/index.js'
import { invalid } from '../api-error.js'
import { shown, wrong } from './fields.js'

/** What prompts are checked against. */
export interface PromptLimits {
  readonly tokenizer: Tokenizer
  /** Token that an empty text begins with. */
  readonly eos?: number
  /** Ids of the model: [0, vocabSize). */
  readonly vocabSize: number
  /** Positions of a prompt and its answer. */
  readonly context: number
}

const FORMS = 'a text, a list of texts, a list of token ids, or a list of lists of token ids'

/** The ids of each prompt. Throws ApiError. */
export function readPrompts(value: unknown, limits: PromptLimits): number[][] {
  const prompt = value ?? ''
  if (typeof prompt === 'string') return [idsOfText(prompt, limits)]
  if (!Array.isArray(prompt) || prompt.length === 0) throw wrong('prompt', FORMS, value)
  if (typeof prompt[0] === 'number') return [checkIds(prompt, limits)]
  return prompt.map((each: unknown) => {
    if (typeof each === 'string') return idsOfText(each, limits)
    if (Array.isArray(each)) return checkIds(each, limits)
    throw invalid('prompt', `prompt must be ${FORMS} (got a list with ${shown(each)} in it)`)
  })
}

/** An empty text is the beginning of a document. */
export function idsOfText(text: string, { tokenizer, eos, context }: PromptLimits): number[] {
  if (text === '') {
    if (eos !== undefined) return [eos]
    throw invalid(
      'prompt',
      'prompt must not be empty: the tokenizer has no end-of-text token to begin with. Give a prompt',
    )
  }
  // A token has at most some hundred bytes: a text so long needs no encoding to be too long.
  if (text.length > 1000 * context) throw tooLong(context, `a text of ${text.length} characters`)
  return Array.from(tokenizer.encode(text))
}

function checkIds(ids: readonly unknown[], { vocabSize, context }: PromptLimits): number[] {
  if (ids.length === 0)
    throw invalid('prompt', 'prompt must have at least one token (got an empty list). Begin with the end-of-text token')
  if (ids.length > context) throw tooLong(context, `${ids.length} tokens`)
  const odd = ids.find((id) => !(Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabSize))
  if (odd === undefined) return ids as number[]
  throw invalid('prompt', `prompt must have token ids that are integers in [0, ${vocabSize}) (got ${shown(odd)})`)
}

function tooLong(context: number, what: string) {
  return invalid(
    'prompt',
    `prompt must fit the context of ${context} tokens (got ${what}). Shorten it`,
    'context_length_exceeded',
  )
}

/**
 * The number of new tokens, of which `asked` is the number that the request sets, if it does: by default `fallback`, or as
 * many as fit. Throws ApiError if they do not fit beside the longest prompt.
 */
export function fitTokens(
  prompts: readonly (readonly number[])[],
  asked: number | undefined,
  fallback: number,
  context: number,
  field = 'max_tokens',
): number {
  const longest = Math.max(...prompts.map(({ length }) => length))
  // The engine has to compute one position after the prompt, also where only the prompt's probabilities are wanted.
  const room = context - longest
  if (room < 1 || (asked ?? 1) > room)
    throw invalid(
      field === 'messages' || room < 1 ? 'prompt' : field,
      `prompt and ${field} must fit the context of ${context} tokens (got ${longest} + ${Math.max(1, asked ?? 1)}). ` +
        'Shorten the prompt, or ask for fewer tokens',
      'context_length_exceeded',
    )
  return asked ?? Math.min(fallback, room)
}
