import { writeLabelled, type LabelledTotals } from '../data/index.js'
import { openTask } from './dataset.js'
import type { TaskSpec } from './spec.js'

export interface WriteTask {
  /** Folder to write. */
  readonly output: string
  /** Replace an existing data set in the folder. @default false */
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
}

export type WrittenTask = LabelledTotals

/**
 * Writes a task's training and test examples as TFRecords with an index, and dataset.json, which `neomesh train --data`
 * reads. The folder appears when it is complete. Throws DataError, FileError, or the signal's reason.
 */
export async function writeTask(spec: TaskSpec, options: WriteTask): Promise<WrittenTask> {
  const { samples, validation } = openTask(spec)
  return writeLabelled({ ...options, name: spec.name, train: samples, validation, vocabulary: spec.task.vocabulary })
}
