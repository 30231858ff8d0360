/** One split of a data set in preparation, train or validation: its writer and totals. */
import { countCodePoints } from '../../corpus/index.js'
import { join } from '../../files/index.js'
import { DataError } from '../error.js'
import { writeIndex, type DatasetIndex } from '../records/index-file.js'
import type { CheckedOptions } from './prepare-options.js'
import type { SplitWriter } from './split-writer.js'

/** Totals of one split. */
export interface SplitTotals extends DatasetIndex {
  /** Its folder. */
  readonly path: string
}

export interface Split {
  /** Name of its folder: 'train' or 'validation'. */
  readonly folder: string
  readonly writer: SplitWriter
  documents: number
  characters: number
  bytes: number
  /** Ids of padding that the packing added. */
  padding: number
  /** Ids that the packing dropped before the end. */
  tokensDropped: number
}

export function startSplit(folder: string, writer: SplitWriter): Split {
  return { folder, writer, documents: 0, characters: 0, bytes: 0, padding: 0, tokensDropped: 0 }
}

/** Appends text and its ids. */
export async function addText(split: Split, text: string, ids: ArrayLike<number>): Promise<void> {
  split.characters += countCodePoints(text)
  split.bytes += Buffer.byteLength(text)
  await split.writer.push(ids)
}

/** Writes the last records and the index. Throws DataError if the split has no record. */
export async function finishSplit(options: CheckedOptions, split: Split, workPath: string): Promise<SplitTotals> {
  const { folder, writer, documents, characters, bytes } = split
  if (writer.records === 0) throw new DataError(tooLittle(options, split))
  const { tokens } = writer
  const overlap = options.remainder === 'overlap' && options.packing === 'stream'
  const { files, lengths, tokensRepeated, tokensDropped } = await writer.finish(overlap)
  const index: DatasetIndex = {
    format: 'neomesh TFRecord index',
    version: 1,
    ...(options.format !== 'text' && { kind: 'completions' as const }),
    contextLength: options.contextLength,
    vocabularySize: options.vocabularySize,
    eosId: options.eosId,
    tokenizerHash: options.tokenizerHash ?? null,
    documents,
    characters,
    bytes,
    tokens: tokens - split.padding + split.tokensDropped,
    tokensRepeated,
    tokensDropped: tokensDropped + split.tokensDropped,
    records: lengths.length,
    files,
  }
  await writeIndex(join(workPath, folder), index, lengths)
  return { ...index, path: join(options.output, folder) }
}

/** In words rather than names of options, since those of the command line differ. */
function tooLittle(options: CheckedOptions, { folder, documents, writer }: Split): string {
  const { contextLength, validationUnit, validationFraction, minimumSize } = options
  const none = folder === 'validation' && documents === 0
  const found = none
    ? 'no text was held out for validation'
    : `the ${folder} text must have at least ${contextLength + 1} ids, one record (got ${writer.waiting})`
  const shorter = minimumSize > 0 ? ', or a smaller minimum size' : ''
  if (validationFraction === 0) return `${found}. Give more text, or a shorter context${shorter}`
  const instead = validationUnit === 'document' ? 'hold out passages instead of documents' : 'give more text'
  return `${found}. Change the validation fraction (now ${validationFraction}), or ${instead}`
}
