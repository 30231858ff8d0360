/** The evaluation at the end of the demo. */
import type { ModelConfig } from '../config/index.js'
import { openSplits } from '../data/index.js'
import {
  evaluate,
  makeLastWords,
  textsOfDataset,
  type Estimate,
  type EvaluatedModel,
  type TaskSpec,
} from '../evaluate/index.js'
import { join } from '../files/index.js'
import { fixed, percent, plural } from '../text/index.js'
import { whileWaiting } from './progress.js'

/** Characters of each text that are evaluated, so that the demo takes seconds more; its training evaluates all. */
const TEXT_CHARACTERS = 10_000

/** Lines about a model: bits per byte of texts that it has not seen, and how many last words of passages it guesses. */
export async function evaluateHeldOut(
  model: EvaluatedModel,
  data: string,
  { n_ctx: contextLength, n_vocab: vocabularySize }: ModelConfig,
  signal?: AbortSignal,
): Promise<string[]> {
  const splits = await openSplits(join(data, 'dataset.json'), { contextLength, vocabularySize })
  let texts: string[]
  try {
    texts = await textsOfDataset(splits.validation!, model.tokenizer, splits.eosId!)
  } finally {
    splits.close()
  }
  const words = makeLastWords(texts)
  const tasks: TaskSpec[] = [{ kind: 'text', values: texts.map((text) => text.slice(0, TEXT_CHARACTERS)) }]
  if (words.length > 0) tasks.push({ kind: 'lambada', values: words })
  const [text, last] = await whileWaiting('evaluating', evaluate(model, tasks, { signal }))
  const range = ({ interval }: Estimate, show: (x: number) => string) =>
    interval === null ? '' : ` (95% interval ${show(interval[0])} to ${show(interval[1])})`
  const bits = text.metrics.bits_per_byte
  const digits = (x: number) => fixed(x, 3)
  const lines = [
    `bits per byte: ${digits(bits.value)}${range(bits, digits)}, of the beginnings of ${plural(texts.length, 'text')}`,
  ]
  if (last === undefined) return lines
  const { acc } = last.metrics
  return [
    ...lines,
    `last words: ${percent(acc.value)} right${range(acc, percent)}, of ${plural(words.length, 'passage')}`,
  ]
}
