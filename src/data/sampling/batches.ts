/** Batches of samples by step, with the next one prefetched. */
import type { Dataset } from '../read/dataset.js'
import { DataError } from '../error.js'
import { sampleIds, type Order } from './order.js'

export interface BatchesOptions {
  dataset: Dataset
  /** Samples per step. */
  batchSize: number
  order: Order
  /**
   * Position in the order at which step 0 begins, so that step s reads positions first + s * batchSize onwards: other than 0
   * (and possibly below it) where earlier steps had another batch size. @default 0
   */
  first?: number
  /** Rows of a batch to read; the others, which another process feeds, are zeros. @default all */
  rows?: ReadonlySet<number>
}

export interface Batches {
  readonly batchSize: number
  readonly contextLength: number
  /**
   * The batch of a step: int32 [batch, n_ctx + 1], row after row, a function of the step alone. The next
   * step's batch is prefetched. Throws what reading the data throws.
   */
  batch(step: number): Promise<Int32Array>
  /** Stops prefetching. The data set stays open. */
  close(): Promise<void>
}

/**
 * Batches of `batchSize` samples in a given order, each [batch, contextLength + 1] as int32, read ahead by one. Throws
 * DataError where the order is of another number of samples.
 */
export function batches({ dataset, batchSize, order, first = 0, rows }: BatchesOptions): Batches {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new DataError(`batches: batchSize must be an integer >= 1 (got ${batchSize})`)
  if (order.size !== dataset.size)
    throw new DataError(
      `batches: the order must be over the ${dataset.size} samples of the data set (got ${order.size}). ` +
        'Make the order with size: dataset.size',
    )
  const rowLength = dataset.contextLength + 1
  let ahead: { step: number; batch: Promise<Int32Array> } | undefined
  let closed = false

  async function load(step: number): Promise<Int32Array> {
    const batch = new Int32Array(batchSize * rowLength)
    const samples = sampleIds(order, step, batchSize, first)
    const wanted = rows ? [...rows] : [...samples.keys()]
    await Promise.all(wanted.map(async (row) => batch.set(await dataset.read(samples[row]), row * rowLength)))
    return batch
  }

  return {
    batchSize,
    contextLength: dataset.contextLength,
    async batch(step) {
      if (closed) throw new DataError('batches: batch must not be called after close')
      const wanted = ahead?.step === step ? ahead.batch : load(step)
      ahead = undefined
      const batch = await wanted
      if (!closed && ahead === undefined) {
        ahead = { step: step + 1, batch: load(step + 1) }
        // A failure is reported when that step is requested; until then it must not be an unhandled rejection.
        ahead.batch.catch(() => {})
      }
      return batch
    },
    async close() {
      closed = true
      await ahead?.batch.catch(() => {})
      ahead = undefined
    },
  }
}
