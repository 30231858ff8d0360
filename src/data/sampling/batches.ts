/** Batches of samples by step, the next one read while the present one is used. */
import type { Dataset } from '../read/dataset.js'
import { DataError } from '../error.js'
import { sampleIds, type Order } from './order.js'

export interface BatchesOptions {
  dataset: Dataset
  /** Samples a step. */
  batchSize: number
  order: Order
  /** Rows of a batch that are read, where others are another process's to feed: those are zeros. @default all */
  rows?: ReadonlySet<number>
}

export interface Batches {
  readonly batchSize: number
  readonly contextLength: number
  /**
   * The batch of a step: int32 [batch, n_ctx + 1], row after row, a function of the step alone, whoever asks. The next
   * step's batch is read ahead. Throws what reading the data throws.
   */
  batch(step: number): Promise<Int32Array>
  /** Stops reading ahead. The data set stays open: it is its opener's to close. */
  close(): Promise<void>
}

/**
 * Batches of `batchSize` samples in a given order, each [batch, contextLength + 1] as int32, read ahead by one. Throws
 * DataError where the order is of another number of samples.
 */
export function batches({ dataset, batchSize, order, rows }: BatchesOptions): Batches {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new DataError(`batches: batchSize must be an integer >= 1 (got ${batchSize})`)
  if (order.size !== dataset.size)
    throw new DataError(
      `batches: the order is over ${order.size} samples, the data set has ${dataset.size}. ` +
        'Make the order with size: dataset.size',
    )
  const rowLength = dataset.contextLength + 1
  let ahead: { step: number; batch: Promise<Int32Array> } | undefined
  let closed = false

  async function load(step: number): Promise<Int32Array> {
    const batch = new Int32Array(batchSize * rowLength)
    const samples = sampleIds(order, step, batchSize)
    const wanted = rows ? [...rows] : [...samples.keys()]
    await Promise.all(wanted.map(async (row) => batch.set(await dataset.read(samples[row]), row * rowLength)))
    return batch
  }

  return {
    batchSize,
    contextLength: dataset.contextLength,
    async batch(step) {
      if (closed) throw new DataError('batches: they have been closed')
      const wanted = ahead?.step === step ? ahead.batch : load(step)
      ahead = undefined
      const batch = await wanted
      if (!closed && ahead === undefined) {
        ahead = { step: step + 1, batch: load(step + 1) }
        // A failure belongs to whoever asks for that step; until then it must not count as unhandled.
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
