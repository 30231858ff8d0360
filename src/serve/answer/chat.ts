/** Answers of POST /v1/chat/completions. */
import { randomUUID } from 'node:crypto'
import type { ServedModel } from '../served-model.js'
import type { ScoredToken } from './choice.js'
import { alternativesOf, finite, type AnswerFormat, type Part } from './format.js'

/** @param logprobs alternatives per token; undefined: no log probabilities */
export function chatFormat({ name, names }: ServedModel, logprobs: number | undefined): AnswerFormat {
  const common = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: name }
  const entry = (id: number, logprob: number) => ({
    token: names.nameOf(id),
    logprob: finite(logprob),
    bytes: Array.from(names.bytesOf(id)),
  })
  const scoresOf = (tokens: readonly ScoredToken[]) =>
    logprobs === undefined
      ? null
      : {
          content: tokens.map((token) => ({
            ...entry(token.id, token.logprob ?? 0),
            // The chosen token stands beside its alternatives here.
            top_logprobs: alternativesOf(token, logprobs)
              .slice(0, logprobs)
              .map(([id, value]) => entry(id, value)),
          })),
          refusal: null,
        }
  return {
    head: { ...common, object: 'chat.completion' },
    chunkHead: { ...common, object: 'chat.completion.chunk' },
    choice: ({ index, text, tokens, finishReason }: Part) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: scoresOf(tokens),
      finish_reason: finishReason,
    }),
    opening: (index) => ({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
    chunkChoice: ({ index, text, tokens, finishReason }: Part) => ({
      index,
      delta: text === '' && tokens.length === 0 ? {} : { content: text },
      logprobs: tokens.length === 0 ? null : scoresOf(tokens),
      finish_reason: finishReason,
    }),
  }
}
