import { endOfTextId, type Tokenizer } from '../tokenizer/index.js'
import { fitPrompt } from './fit-prompt.js'
import { generate, type GenerateOptions, type LoadedModel } from './generate.js'
import { StopStrings } from './stop-strings.js'

export interface GenerateTextOptions extends Omit<GenerateOptions, 'stopIds'> {
  /** Strings that end the text, which comes without them. */
  readonly stop?: readonly string[]
  /** Called with a message for people when the prompt is shortened. */
  readonly onNote?: (note: string) => void
}

/** Text that a new token completes; `id` is null for the rest at the end. */
export interface TextPiece {
  readonly text: string
  readonly id: number | null
}

/**
 * Continues a text. Yields a piece for each new token, empty while a character is incomplete or while it may begin a stop
 * string. The end-of-text token of the data ends the text and is not part of it. An empty prompt begins a document. A
 * prompt longer than the context keeps its end. When the signal aborts, the text ends.
 * Throws RangeError for wrong settings, and for an empty prompt if there is no end-of-text token.
 */
export async function* generateText(
  model: LoadedModel,
  tokenizer: Tokenizer,
  prompt: string,
  options: GenerateTextOptions = {},
): AsyncGenerator<TextPiece> {
  const { stop = [], onNote, signal, ...rest } = options
  const stops = new StopStrings(stop)
  const eos = endOfTextId(tokenizer, model.config.eos_id)
  const given = tokenizer.encode(prompt)
  if (given.length === 0 && eos === undefined)
    throw new RangeError(
      'the prompt must not be empty: the tokenizer has no end-of-text token to begin with. Give a prompt',
    )
  const { n_ctx } = model.config
  // A document begins after the end of another one.
  const { ids, dropped } = fitPrompt(given.length > 0 ? given : [eos!], n_ctx, rest.maxTokens ?? 128)
  if (dropped > 0)
    onNote?.(`the prompt has ${given.length} tokens, the context ${n_ctx}: the model sees the last ${ids.length}`)
  const decoder = tokenizer.decodeStream()
  for await (const [id] of generate(model, [ids], { ...rest, stopIds: eos === undefined ? [] : [eos] })) {
    // A model may have more ids than its tokenizer has tokens; they are never trained and stand for nothing.
    const shown = id !== null && id !== eos && id < tokenizer.vocabSize
    yield { text: stops.push(shown ? decoder.push(id) : ''), id }
    if (stops.stopped || signal?.aborted) break
  }
  const last = stops.push(decoder.finish()) + stops.finish()
  if (last !== '') yield { text: last, id: null }
}
