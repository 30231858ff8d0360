import { join, writeFileAtomic, writeFolderAtomic } from '../../files/index.js'
import type { Dataset } from '../read/dataset.js'
import { writeIndex } from '../records/index-file.js'
import { tokenOfLabelled } from '../records/labels.js'
import { tfrecordName } from '../records/tfrecord-names.js'
import { createSplitWriter } from './split-writer.js'

type Samples = Pick<Dataset, 'size' | 'contextLength' | 'labels' | 'read'>

export interface WriteLabelled {
  /** Folder to write. */
  readonly output: string
  /** Prefix of the file names. */
  readonly name: string
  readonly train: Samples
  readonly validation: Samples
  /** Every token is below it. */
  readonly vocabulary: number
  /** Replace an existing data set in the folder. @default false */
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
}

export interface LabelledTotals {
  readonly output: string
  readonly train: number
  readonly validation: number
}

const RECORDS_PER_FILE = 100_000

/**
 * Writes labelled samples (records/labels.ts) as a data set: `train/`, `validation/` and `dataset.json`. The folder appears
 * when it is complete. Throws DataError, FileError, or the signal's reason.
 */
export async function writeLabelled(options: WriteLabelled): Promise<LabelledTotals> {
  const { output, name, train, validation, vocabulary, overwrite = false } = options
  const mayReplace = (each: string) => ['train', 'validation', 'dataset.json'].includes(each)
  return writeFolderAtomic(output, { overwrite, mayReplace }, async (folder) => {
    await writeSplit(join(folder, 'train'), train, options)
    await writeSplit(join(folder, 'validation'), validation, options)
    const config = {
      path: `train/${name}_*.tfrecords`,
      eval_path: `validation/${name}_*.tfrecords`,
      n_vocab: vocabulary,
    }
    await writeFileAtomic(join(folder, 'dataset.json'), `${JSON.stringify(config, undefined, 2)}\n`)
    return { output, train: train.size, validation: validation.size }
  })
}

async function writeSplit(
  folder: string,
  samples: Samples,
  { name, vocabulary, signal }: WriteLabelled,
): Promise<void> {
  const { size, contextLength, labels = contextLength } = samples
  const writer = await createSplitWriter({
    folder,
    fileName: (number, count) => tfrecordName(name, number, count),
    contextLength,
    recordsPerFile: RECORDS_PER_FILE,
    vocabularySize: vocabulary,
    tokenOf: tokenOfLabelled,
  })
  try {
    for (let number = 0; number < size; number++) {
      signal?.throwIfAborted()
      await writer.push(await samples.read(number))
    }
    const { files, lengths } = await writer.finish(false)
    const index = {
      format: 'neomesh TFRecord index' as const,
      version: 1 as const,
      kind: 'labelled' as const,
      labels,
      contextLength,
      vocabularySize: vocabulary,
      eosId: 0,
      tokenizerHash: null,
      documents: size,
      characters: 0,
      bytes: 0,
      tokens: writer.tokens,
      tokensRepeated: 0,
      tokensDropped: 0,
      records: size,
      files,
    }
    await writeIndex(folder, index, lengths)
  } finally {
    await writer.abort()
  }
}
