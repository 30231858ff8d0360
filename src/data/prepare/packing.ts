/** The interface of a packing, which turns documents into a stream of ids. */
import { hash32 } from '../sampling/permutation.js'
import type { CheckedOptions } from './prepare-options.js'
import type { Split } from './dataset-split.js'

export interface Packing {
  /** A new input file begins. */
  startFile?(): Promise<void>
  /** A part of the current document, not empty; parts of one document are consecutive. */
  add(text: string): Promise<void>
  /** The current document ends. */
  endDocument(): Promise<void>
  /** All input has been read. */
  end?(): Promise<void>
}

/** Documents counted by a packing, and ids that it skipped on request. */
export interface DocumentTotals {
  /** Documents read. */
  documentsRead: number
  /** Documents without text. They add nothing, not even a separator. */
  documentsEmpty: number
  /** Documents below `minimumSize` ids, skipped on request, and their ids. */
  documentsTooShort: number
  tokensTooShort: number
}

export interface PackingContext {
  readonly options: CheckedOptions
  readonly train: Split
  readonly validation: Split | undefined
  readonly totals: DocumentTotals
}

/**
 * The split of a document or passage, a function of its index and the seed: the same inputs give the same split. One of
 * every 1 / validationFraction consecutive items is held out (the first group is half as long), so that the held-out part
 * is close to its fraction even with few documents, and no long stretch has none.
 */
export function assignSplit({ options, train, validation }: PackingContext, number: number): Split {
  if (validation === undefined) return train
  const { seed, validationFraction: fraction } = options
  const group = Math.floor(number * fraction + 0.5)
  const first = Math.max(0, Math.ceil((group - 0.5) / fraction))
  const size = Math.ceil((group + 0.5) / fraction) - first
  return number === first + Math.floor((hash32(seed, group) / 2 ** 32) * size) ? validation : train
}
