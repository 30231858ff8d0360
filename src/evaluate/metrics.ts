/** What a task reports: each metric is a function of a ratio of sums over items, so that it can be resampled. */

/** Numbers of one item that metrics are made of. */
export type ItemFigures = Readonly<Record<string, number>>

export interface Metric {
  readonly name: string
  readonly better: 'higher' | 'lower'
  /** Figure that is summed. */
  readonly of: string
  /** Figure that the sum is divided by the sum of. @default the number of items */
  readonly per?: string
  /** What the ratio becomes. */
  readonly as: 'mean' | 'exp' | 'bits'
}

const accuracy: Metric = { name: 'acc', better: 'higher', of: 'acc', as: 'mean' }
const normalised: Metric = { name: 'acc_norm', better: 'higher', of: 'acc_norm', as: 'mean' }
/** exp of the mean over items of a continuation's negative log-likelihood. */
const perplexity: Metric = { name: 'perplexity', better: 'lower', of: 'nll', as: 'exp' }
const bitsPerByte: Metric = { name: 'bits_per_byte', better: 'lower', of: 'nll', per: 'bytes', as: 'bits' }
const perByte: Metric = { name: 'byte_perplexity', better: 'lower', of: 'nll', per: 'bytes', as: 'exp' }
const perWord: Metric = { name: 'word_perplexity', better: 'lower', of: 'nll', per: 'words', as: 'exp' }
const perToken: Metric = { name: 'token_perplexity', better: 'lower', of: 'nll', per: 'tokens', as: 'exp' }

/** The metrics of each form of task. */
export const METRICS = {
  choices: [accuracy, normalised],
  pairs: [accuracy],
  continuations: [accuracy, perplexity],
  text: [bitsPerByte, perByte, perWord, perToken],
  packed: [bitsPerByte, perToken],
} as const satisfies Record<string, readonly Metric[]>

export type Form = keyof typeof METRICS

/** The value of a metric from the two sums. */
export function finish({ as }: Metric, numerator: number, denominator: number): number {
  const ratio = numerator / denominator
  return as === 'mean' ? ratio : as === 'exp' ? Math.exp(ratio) : ratio / Math.LN2
}

/** The two figures of each item whose sums a metric is made of. */
export function figuresOf(metric: Metric, items: readonly ItemFigures[]): { top: Float64Array; bottom: Float64Array } {
  const { of, per } = metric
  return {
    top: Float64Array.from(items, (item) => item[of]),
    bottom: Float64Array.from(items, (item) => (per === undefined ? 1 : item[per])),
  }
}

export function valueOf(metric: Metric, items: readonly ItemFigures[]): number {
  const { top, bottom } = figuresOf(metric, items)
  const sum = (all: Float64Array) => all.reduce((total, x) => total + x, 0)
  return finish(metric, sum(top), sum(bottom))
}
