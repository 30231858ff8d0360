import type { Tokenizer } from '../../tokenizer/index.js'
import { StopStrings } from '../stop-strings.js'
import type { EndReason, SlotEngine } from './engine.js'
import type { SlotRequest } from './request.js'
import type { TokenScore } from './scores.js'

export interface TextRequest extends SlotRequest {
  /** Strings that end the answer, which comes without them. */
  readonly stop?: readonly string[]
}

export type TextEvent =
  | { readonly kind: 'prompt'; readonly tokens: readonly TokenScore[] }
  /** More text, and the tokens whose text begins in what was given out so far; one of the two may be empty. */
  | { readonly kind: 'text'; readonly text: string; readonly tokens: readonly TokenScore[] }
  /** `newTokens`: how many were computed, those of a stop string included. */
  | { readonly kind: 'end'; readonly reason: EndReason; readonly newTokens: number }

/**
 * A request's answer as text: no piece cuts a character or has a part of a stop string. Stop ids, and ids that the
 * tokenizer lacks, have no text. Throws RangeError at once for a request outside its range.
 */
export function streamText(
  engine: SlotEngine,
  tokenizer: Tokenizer,
  request: TextRequest,
): AsyncIterableIterator<TextEvent> {
  const { stop = [], ...rest } = request
  const stops = new StopStrings(stop)
  return texts(engine.submit(rest), tokenizer, stops, rest.stopIds ?? [])
}

async function* texts(
  events: ReturnType<SlotEngine['submit']>,
  tokenizer: Tokenizer,
  stops: StopStrings,
  stopIds: readonly number[],
): AsyncGenerator<TextEvent> {
  const decoder = tokenizer.decodeStream()
  /** Tokens whose text is held back, and where it begins. */
  const held: { readonly token: TokenScore; readonly start: number }[] = []
  let [decoded, shown, newTokens] = [0, 0, 0]
  const release = (text: string, all = false): TextEvent[] => {
    shown += text.length
    const ready = held.findIndex(({ start }) => start >= shown)
    const tokens = held.splice(0, all || ready < 0 ? held.length : ready).map(({ token }) => token)
    return text !== '' || tokens.length > 0 ? [{ kind: 'text', text, tokens }] : []
  }
  for await (const event of events) {
    if (event.kind === 'prompt') yield event
    else if (event.kind === 'token') {
      const { kind: _, ...token } = event
      newTokens++
      const hidden = stopIds.includes(token.id) || token.id >= tokenizer.vocabSize
      held.push({ token, start: decoded })
      const text = hidden ? '' : decoder.push(token.id)
      decoded += text.length
      yield* release(stops.push(text))
      if (!stops.stopped) continue
      yield { kind: 'end', reason: 'stop', newTokens }
      return
    } else {
      const { reason } = event
      const rest = stops.push(decoder.finish())
      const last = stops.stopped ? rest : rest + stops.finish()
      yield* release(last, !stops.stopped)
      yield { kind: 'end', reason: stops.stopped ? 'stop' : reason, newTokens }
    }
  }
}
