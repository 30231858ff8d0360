/** The order of samples: a pure function of the position, so that a resumed run reads the same samples. */
import { DataError } from '../error.js'
import { permutation } from './permutation.js'

/** Position p is the p-th sample that training reads; with batch size B, step s reads positions s B to s B + B - 1. */
export interface Order {
  /** Samples per epoch. The next epoch follows the last sample, within a batch if necessary. */
  readonly size: number
  /** The sample at a position: 0 to size - 1. */
  at(position: number): number
}

export interface OrderOptions {
  /** Number of samples, 1 to 2^32. */
  size: number
  /** Any integer. Each epoch has its own permutation, a function of seed and epoch. */
  seed: number
  /** false: samples in the order they are stored, every epoch. @default true */
  shuffle?: boolean
}

/** Each epoch reads every sample once, in a different order. Only the key of one epoch is stored. */
export function order({ size, seed, shuffle = true }: OrderOptions): Order {
  if (!Number.isInteger(size) || size < 1 || size > 2 ** 32)
    throw new DataError(`order: size must be an integer from 1 to 2^32 (got ${size})`)
  if (!Number.isSafeInteger(seed)) throw new DataError(`order: seed must be an integer (got ${seed})`)
  if (!shuffle) return { size, at: (position) => checked(position) % size }
  let epoch = -1
  let permute: (position: number) => number = (position) => position
  return {
    size,
    at(position) {
      const wanted = Math.floor(checked(position) / size)
      if (wanted !== epoch) permute = permutation(size, seed, (epoch = wanted))
      return permute(position - epoch * size)
    },
  }
}

/** The samples of one step, in batch order; step 0 begins at the position `first`. */
export function sampleIds(order: Order, step: number, batchSize: number, first = 0): number[] {
  return Array.from({ length: batchSize }, (_, row) => order.at(first + step * batchSize + row))
}

function checked(position: number): number {
  if (Number.isSafeInteger(position) && position >= 0) return position
  throw new DataError(`order: position must be an integer >= 0 (got ${position})`)
}
