/** How documents become a stream of ids: the contract of a packing. */
import { hash32 } from '../sampling/permutation.js'
import type { CheckedOptions } from './prepare-options.js'
import type { Split } from './dataset-split.js'

export interface Packing {
  /** A new input file begins. */
  startFile?(): Promise<void>
  /** A part of the present document, not empty; parts of one document follow each other. */
  add(text: string): Promise<void>
  /** The present document is over. */
  endDocument(): Promise<void>
  /** All input has been read. */
  end?(): Promise<void>
}

/** Documents counted by a packing; ids that it has left out on request. */
export interface DocumentTotals {
  /** Documents read. */
  documentsRead: number
  /** Documents with no text at all. They add nothing, not even a separator. */
  documentsEmpty: number
  /** Documents below `minimumSize` ids, left out on request, and the ids they had. */
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
 * Where a document or a passage goes is a function of its number and the seed: the same inputs give the same split. One
 * of each 1 / validationFraction that follow each other is held out (the first of these groups is half as long), so that
 * the held-out part is near its fraction with few documents too, and no long stretch is without.
 */
export function splitOf({ options, train, validation }: PackingContext, number: number): Split {
  if (validation === undefined) return train
  const { seed, validationFraction: fraction } = options
  const group = Math.floor(number * fraction + 0.5)
  const first = Math.max(0, Math.ceil((group - 0.5) / fraction))
  const size = Math.ceil((group + 0.5) / fraction) - first
  return number === first + Math.floor((hash32(seed, group) / 2 ** 32) * size) ? validation : train
}
