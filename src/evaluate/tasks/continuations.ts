/** The last word or token of a text: LAMBADA, and continuations of one's own. */
import { encodePair, type Encoder } from '../encode.js'
import { EvaluationError } from '../error.js'
import type { Passage } from '../scorer.js'
import { sumOf, textOf, type Item, type Line } from './item.js'

function continuationItem(passage: Passage): Item {
  return {
    passages: [passage],
    judge([scores]) {
      const logLikelihood = sumOf(scores)
      return {
        logLikelihoods: [logLikelihood],
        figures: { acc: Number(scores.greedy.every((best) => best === 1)), nll: -logLikelihood },
      }
    },
  }
}

/** `{"context": ..., "continuation": ...}`: right if every token of the continuation is the most likely one. */
export function continuation(encoder: Encoder, line: Line): Item {
  return continuationItem(encodePair(encoder, textOf(line, 'context'), textOf(line, 'continuation'), line.where))
}

/** LAMBADA as lm-evaluation-harness has it (lambada_openai): the last word, after the last space. */
export function lastWord(encoder: Encoder, line: Line): Item {
  const text = textOf(line, 'text')
  const space = text.lastIndexOf(' ')
  const [context, word] = space < 0 ? ['', text] : [text.slice(0, space), text.slice(space + 1)]
  return continuationItem(encodePair(encoder, context, ` ${word}`, line.where))
}

/**
 * LAMBADA as GPT-Neo has it: the last token of each text, with the texts before it in the same sequence in view. As many
 * texts as fit share a sequence of n_ctx tokens, each with an end-of-text token after it. Texts are put into NFKC; GPT-Neo's
 * ftfy also mends wrongly decoded ones. A text that does not fit keeps its end, where GPT-Neo would fail.
 * Source: gpt-neo tasks.py (bin_pack, lambada_input), model_fns.py (_lambada_metric_fn).
 */
export function lastTokens(encoder: Encoder, lines: readonly Line[]): Item[] {
  const { tokenizer, contextLength, prefix: end } = encoder
  const items: Item[] = []
  let bin: number[] = []
  let scored: number[] = []
  const close = () => {
    if (scored.length === 0) return
    items.push(...itemsOfBin(Int32Array.from(bin), scored))
    bin = []
    scored = []
  }
  for (const line of lines) {
    const text = textOf(line, 'text').normalize('NFKC')
    let ids = tokenizer.encode(text)
    if (ids.length === 0) throw new EvaluationError(`${line.where}: the text must have at least one token (got none)`)
    if (ids.length + 1 > contextLength) {
      encoder.truncated++
      ids = ids.subarray(ids.length - (contextLength - 1))
    }
    if (bin.length > 0 && bin.length + ids.length + 1 > contextLength) close()
    bin.push(...ids, end)
    // The first token of a sequence has nothing before it.
    const last = bin.length - 2
    if (last === 0) throw new EvaluationError(`${line.where}: the text must have at least two tokens (got one)`)
    scored.push(last)
  }
  close()
  return items
}

/** One pass for the texts of a sequence: the first item carries it, and the others share its scores. */
function itemsOfBin(ids: Int32Array, scored: readonly number[]): Item[] {
  const passage: Passage = { ids, scored: Int32Array.from(scored) }
  let shared: { logProbabilities: Float32Array; greedy: Uint8Array } | undefined
  return scored.map((_, i) => ({
    passages: i === 0 ? [passage] : [],
    judge([scores]) {
      shared = scores ?? shared
      const logLikelihood = shared!.logProbabilities[i]
      return { logLikelihoods: [logLikelihood], figures: { acc: shared!.greedy[i], nll: -logLikelihood } }
    },
  }))
}
