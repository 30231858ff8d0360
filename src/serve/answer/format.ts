/** The JSON of answers, whole and in chunks. */
import type { Piece, ScoredToken } from './choice.js'

export type FinishReason = 'stop' | 'length'

/** A choice, or the part of it that a chunk adds. */
export interface Part {
  readonly index: number
  readonly text: string
  readonly tokens: readonly ScoredToken[]
  /** null while more follows. */
  readonly finishReason: FinishReason | null
}

export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** How an endpoint writes its answers. */
export interface AnswerFormat {
  /** Fields of the whole answer, but for choices and usage. */
  readonly head: Readonly<Record<string, unknown>>
  /** Fields of each chunk of a stream. */
  readonly chunkHead: Readonly<Record<string, unknown>>
  choice(part: Part): object
  /** Choices of the first chunks, before any text. */
  opening?(index: number): object
  chunkChoice(part: Part): object
}

export function usageOf(promptTokens: number, newTokens: number): Usage {
  return { prompt_tokens: promptTokens, completion_tokens: newTokens, total_tokens: promptTokens + newTokens }
}

/** Joins the pieces of a choice. */
export class CollectedChoice {
  private text = ''
  private readonly tokens: ScoredToken[] = []
  private end: NonNullable<Piece['end']> = { reason: 'length', newTokens: 0 }

  constructor(private readonly index: number) {}

  add({ text, tokens, end }: Piece): void {
    this.text += text
    for (const token of tokens) this.tokens.push(token)
    if (end) this.end = end
  }

  get newTokens(): number {
    return this.end.newTokens
  }

  get part(): Part {
    const { index, text, tokens, end } = this
    return { index, text, tokens, finishReason: end.reason }
  }
}

/** The part of a choice that a piece is. */
export function partOf(index: number, { text, tokens, end }: Piece): Part {
  return { index, text, tokens, finishReason: end?.reason ?? null }
}

/**
 * A token's alternatives, at most `count`, and the token itself, as name -> log probability; equal numbers are the same double.
 */
export function alternativesOf(
  { id, logprob, top }: ScoredToken,
  count: number,
): readonly (readonly [id: number, logprob: number])[] {
  const best = top.slice(0, count)
  return logprob === null || best.some(([other]) => other === id) ? best : [...best, [id, logprob]]
}

/** A log probability in JSON, which has no infinity. */
export function finite(logprob: number): number {
  return Math.max(logprob, -9999)
}
