/** Answers of POST /v1/completions. */
import { randomUUID } from 'node:crypto'
import type { ServedModel } from '../served-model.js'
import type { ScoredToken } from './choice.js'
import { alternativesOf, finite, type AnswerFormat, type Part } from './format.js'

/** @param logprobs alternatives per token; undefined: no log probabilities */
export function completionFormat({ name, names }: ServedModel, logprobs: number | undefined): AnswerFormat {
  const head = {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: name,
  }
  const topOf = (token: ScoredToken) =>
    token.logprob === null
      ? null
      : Object.fromEntries(alternativesOf(token, logprobs ?? 0).map(([id, value]) => [names.nameOf(id), finite(value)]))
  const scoresOf = (tokens: readonly ScoredToken[]) => ({
    tokens: tokens.map(({ id }) => names.nameOf(id)),
    token_logprobs: tokens.map(({ logprob }) => (logprob === null ? null : finite(logprob))),
    top_logprobs: tokens.map(topOf),
    text_offset: tokens.map(({ offset }) => offset),
  })
  const choice = ({ index, text, tokens, finishReason }: Part) => ({
    index,
    text,
    logprobs: logprobs === undefined ? null : scoresOf(tokens),
    finish_reason: finishReason,
  })
  return { head, chunkHead: head, choice, chunkChoice: choice }
}
