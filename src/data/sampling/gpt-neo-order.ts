/**
 * GPT-Neo's order of samples: files in natural order, shuffled once by Python's generator, records in the order stored,
 * repeatedly. Step s of batch size B reads positions s B onwards, which is where the original resumes too.
 * Source: gpt-neo inputs.py (sequential_input); config keys `seed` and `shuffle_input_filenames`.
 */
import type { DatasetFile } from '../read/dataset-files.js'
import { DataError } from '../error.js'
import type { Order } from './order.js'
import { pythonShuffle } from './python-random.js'

export interface GptNeoOrderOptions {
  /** dataset.files. */
  files: readonly DatasetFile[]
  /** @default 1 */
  seed?: number
  /** Whether the files (never the records) are shuffled. @default true */
  shuffle?: boolean
}

/** The order of GPT-Neo's own input pipeline: whole files, shuffled by Python's random numbers. Source: GPT-Neo's inputs.py. */
export function gptNeoOrder({ files, seed = 1, shuffle = true }: GptNeoOrderOptions): Order {
  const inOrder = (shuffle ? pythonShuffle(files, seed) : files).filter(({ records }) => records > 0)
  /** Position in the epoch at which each file begins, and the size at the end. */
  const starts = [0]
  for (const { records } of inOrder) starts.push(starts[starts.length - 1] + records)
  const size = starts[inOrder.length]
  if (size === 0) throw new DataError('gptNeoOrder: files must have records (got none). Prepare the data again')
  return {
    size,
    at(position) {
      const offset = position % size
      let low = 0
      for (let high = inOrder.length; high - low > 1;) {
        const middle = (low + high) >> 1
        if (starts[middle] <= offset) low = middle
        else high = middle
      }
      return inOrder[low].first + offset - starts[low]
    },
  }
}
