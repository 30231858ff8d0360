/** Raw text to GPT-Neo TFRecords: read, clean, tokenize, join with eos, cut into records of n_ctx + 1 ids, index. */
import { nextTurn } from '../../runtime/index.js'
import { findTexts, newReport, readDocuments, type DocumentPiece, type FoundTexts } from '../../corpus/index.js'
import { join, relative, stat, withFileErrors, writeFileAtomic, writeFolderAtomic } from '../../files/index.js'
import { nameOfTokenizer } from '../../tokenizer/index.js'
import { DataError } from '../error.js'
import { normaliser } from './normalise.js'
import { readCompletions } from './completions.js'
import { choosePacking } from './choose-packing.js'
import type { DocumentTotals } from './packing.js'
import { checkPrepareOptions, type CheckedOptions, type PrepareOptions } from './prepare-options.js'
import { finishSplit, startSplit, type Split, type SplitTotals } from './dataset-split.js'
import { createSplitWriter, type SplitWriter } from './split-writer.js'
import { tokenOf } from '../records/completions.js'
import { createTfrecordsName, tfrecordName } from '../records/tfrecord-names.js'

/** Totals of what was read and written. */
export interface PrepareTotals extends DocumentTotals {
  readonly output: string
  readonly train: SplitTotals
  readonly validation: SplitTotals | undefined
  readonly inputFiles: number
  /** Bytes that were not UTF-8, and lone surrogates, replaced by U+FFFD. */
  readonly charactersReplaced: number
  /** Files in folders and patterns that were skipped because they are not text. */
  readonly passedOver: readonly string[]
  /** Lines of .jsonl skipped on request, and what was wrong with the first ten. */
  readonly linesSkipped: number
  readonly skipped: readonly string[]
}

/** Pieces of text between yields to the event loop, with a progress report. */
const piecesPerPause = 64

/**
 * Prepares a data set in the folder `output`: `train/` and, with validationFraction, `validation/`, each with files
 * NAME_NUMBER_COUNT.tfrecords and an index; and `dataset.json`, a GPT-Neo dataset config for them. The folder appears
 * when it is complete; after a failure or an abort nothing is left. Throws DataError, FileError, or the signal's reason.
 */
export async function prepareData(options: PrepareOptions): Promise<PrepareTotals> {
  const checked = checkPrepareOptions(options)
  const found = await findTexts(checked.inputs)
  const { output, overwrite } = checked
  const mayReplace = (name: string) => ['train', 'validation', 'dataset.json'].includes(name)
  return writeFolderAtomic(output, { overwrite, mayReplace }, (folder) => fillFolder(checked, found, folder))
}

/** Writes the data set into an existing folder. */
async function fillFolder(
  checked: CheckedOptions,
  { files, passedOver }: FoundTexts,
  workPath: string,
): Promise<PrepareTotals> {
  const opened: SplitWriter[] = []
  const open = async (folder: string) => {
    const { contextLength, recordsPerFile, vocabularySize } = checked
    const fileName = (checked.packing === 'gpt-neo' ? createTfrecordsName : tfrecordName).bind(undefined, checked.name)
    const path = join(workPath, folder)
    const writer = await createSplitWriter({
      folder: path,
      fileName,
      contextLength,
      recordsPerFile,
      vocabularySize,
      tokenOf: checked.format === 'text' ? undefined : tokenOf,
    })
    opened.push(writer)
    return startSplit(folder, writer)
  }
  try {
    const train = await open('train')
    const validation = checked.validationFraction > 0 ? await open('validation') : undefined
    const read = await (checked.format === 'text' ? readInto : readCompletions)(checked, files, train, validation)
    const totals: PrepareTotals = {
      output: checked.output,
      inputFiles: files.length,
      passedOver,
      ...read,
      train: await finishSplit(checked, train, workPath),
      validation: validation && (await finishSplit(checked, validation, workPath)),
    }
    await writeFileAtomic(join(workPath, 'dataset.json'), await datasetConfig(checked, validation !== undefined))
    checked.signal?.throwIfAborted()
    return totals
  } finally {
    for (const writer of opened) await writer.abort()
  }
}

/** Reads all documents and packs their ids into the train or the validation split. */
async function readInto(
  options: CheckedOptions,
  files: readonly string[],
  train: Split,
  validation: Split | undefined,
) {
  const report = newReport()
  const totals: DocumentTotals = { documentsRead: 0, documentsEmpty: 0, documentsTooShort: 0, tokensTooShort: 0 }
  const { textKey, skipBadLines } = options
  const packing = choosePacking({ options, train, validation, totals })
  const normalise = normaliser(options.normalise)
  const inputBytesTotal = await totalSize(files)
  const progress = () =>
    options.onProgress?.({
      documents: totals.documentsRead,
      inputBytes: report.inputBytes,
      inputBytesTotal,
      tokens: train.writer.tokens + (validation?.writer.tokens ?? 0),
      records: train.writer.records + (validation?.writer.records ?? 0),
    })

  let path = ''
  let pieces = 0
  let documentEmpty = true
  for await (const piece of readDocuments(files, { textKey, skipBadLines, report })) {
    options.signal?.throwIfAborted()
    if (piece.path !== path) await packing.startFile?.()
    path = piece.path
    const text = normalise(piece.text)
    documentEmpty &&= text === ''
    if (text !== '') await withSource(piece, () => packing.add(text))
    if (piece.last) {
      if (documentEmpty) totals.documentsEmpty++
      await packing.endDocument()
      documentEmpty = true
    }
    if (++pieces % piecesPerPause === 0 || !piece.last) {
      progress()
      await nextTurn()
    }
  }
  await packing.end?.()
  progress()
  const { replaced: charactersReplaced, linesSkipped, skipped } = report
  if (linesSkipped > 0 && totals.documentsRead === 0)
    throw new DataError(`none of ${linesSkipped} lines could be used. The first: ${skipped[0]}`)
  return { ...totals, charactersReplaced, linesSkipped, skipped: [...skipped] }
}

/** Adds the file and line of the text to an error of the tokenizer. */
async function withSource(piece: DocumentPiece, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name === 'FileError' || cause.name === 'AbortError') throw cause
    const source = piece.line === undefined ? piece.path : `${piece.path}:${piece.line}`
    throw new DataError(`${source}: ${cause.message}`, { cause })
  }
}

/** The text of dataset.json. Paths are relative to it, so that the folder can be moved. Keys and their order are GPT-Neo's. */
async function datasetConfig(options: CheckedOptions, hasValidation: boolean): Promise<string> {
  const { tokenizerPath: tokenizer } = options
  const released = tokenizer === undefined ? undefined : await nameOfTokenizer(tokenizer)
  return `${JSON.stringify(
    {
      path: `train/${options.name}_*.tfrecords`,
      eval_path: hasValidation ? `validation/${options.name}_*.tfrecords` : '',
      n_vocab: options.vocabularySize,
      tokenizer_is_pretrained: released !== undefined,
      tokenizer_path: released ?? (tokenizer && relative(options.output, tokenizer)),
      eos_id: options.eosId,
      padding_id: options.paddingId,
    },
    undefined,
    2,
  )}\n`
}

async function totalSize(files: readonly string[]): Promise<number> {
  let total = 0
  for (const file of files) total += (await withFileErrors('read', file, () => stat(file))).size
  return total
}
