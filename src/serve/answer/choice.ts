/** One choice of an answer, as it is made: pieces of text with the scores of their tokens. */
import { streamText, type EndReason, type TextRequest, type TokenScore } from '../../generate/index.js'
import type { Metrics } from '../metrics.js'
import type { ServedModel } from '../served-model.js'

/** A token that an answer reports, with where its text begins, in characters. */
export interface ScoredToken extends TokenScore {
  readonly offset: number
}

export interface Piece {
  /** Whole characters, without a part of a stop string. */
  readonly text: string
  /** None unless log probabilities were asked for. */
  readonly tokens: readonly ScoredToken[]
  /** With the last piece. */
  readonly end?: { readonly reason: Exclude<EndReason, 'cancelled'>; readonly newTokens: number }
}

export interface ChoiceRequest extends TextRequest {
  /** 0: the prompt's scores alone. */
  readonly maxTokens: number
  /** Whether the answer begins with the prompt. */
  readonly echo: boolean
  readonly signal: AbortSignal
}

/**
 * Submits a choice at once and gives its pieces as they come. Throws the signal's reason when it aborts, RangeError at once
 * for a request that the engine refuses, LogitsError.
 */
export function startChoice(model: ServedModel, request: ChoiceRequest, metrics: Metrics): AsyncGenerator<Piece> {
  const { echo, maxTokens, logprobs } = request
  const promptLogprobs = echo && logprobs !== undefined
  if (maxTokens === 0 && !promptLogprobs) return promptAlone(model, request)
  // The engine makes at least one token.
  const events = streamText(model.engine, model.tokenizer, {
    ...request,
    maxTokens: Math.max(1, maxTokens),
    promptLogprobs,
  })
  return piecesOf(model, request, events, metrics)
}

async function* promptAlone({ tokenizer }: ServedModel, { prompt }: ChoiceRequest): AsyncGenerator<Piece> {
  yield { text: textOf(tokenizer, prompt), tokens: [], end: { reason: 'length', newTokens: 0 } }
}

async function* piecesOf(
  model: ServedModel,
  { prompt, echo, maxTokens, logprobs, signal }: ChoiceRequest,
  events: ReturnType<typeof streamText>,
  metrics: Metrics,
): AsyncGenerator<Piece> {
  const { tokenizer, names } = model
  const clock = metrics.startAnswer(prompt.length)
  const wanted = logprobs !== undefined
  let offset = textOffsets(names.bytesOf)
  const text = echo ? textOf(tokenizer, prompt) : ''
  if (echo && !wanted) yield { text, tokens: [] }
  for await (const event of events) {
    if (event.kind === 'prompt') {
      const tokens = event.tokens.map((token) => ({ ...token, offset: offset(token.id) }))
      // Text after the prompt begins with a character of its own.
      offset = textOffsets(names.bytesOf, lengthOf(text))
      if (maxTokens === 0) {
        yield { text, tokens, end: { reason: 'length', newTokens: 0 } }
        return
      }
      yield { text, tokens }
    } else if (event.kind === 'text') {
      clock.tokens(event.tokens.length)
      const tokens = wanted ? event.tokens.map((token) => ({ ...token, offset: offset(token.id) })) : []
      if (event.text !== '' || tokens.length > 0) yield { text: event.text, tokens }
    } else {
      const { reason, newTokens } = event
      clock.end(newTokens)
      if (reason === 'cancelled') throw signal.reason ?? new DOMException('cancelled', 'AbortError')
      yield { text: '', tokens: [], end: { reason, newTokens } }
    }
  }
}

/** The text of ids; those that the tokenizer lacks have none. */
function textOf(tokenizer: ServedModel['tokenizer'], ids: ArrayLike<number>): string {
  return tokenizer.decode(Array.from(ids).filter((id) => id < tokenizer.vocabSize))
}

/** Number of characters, as Python counts them. */
function lengthOf(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** A function that returns where the text of the next token begins; a part of a character begins with that character. */
function textOffsets(bytesOf: (id: number) => Uint8Array, start = 0): (id: number) => number {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let at = start
  return (id) => {
    const begin = at
    at += lengthOf(decoder.decode(bytesOf(id), { stream: true }))
    return begin
  }
}
