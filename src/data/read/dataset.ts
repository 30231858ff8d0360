/** Opening GPT-Neo TFRecords for random access: one seek per sample. */
import { describePath, findTfrecords, locateRecords, type DatasetFile, type LocatedFile } from './dataset-files.js'
import { DataError, recordError, type RecordLocation } from '../error.js'
import { tokenOf } from '../records/completions.js'
import { tokenOfLabelled } from '../records/labels.js'
import { decodeExample } from '../records/example.js'
import { checkOneTokenizer } from './identity.js'
import type { DatasetIndex } from '../records/index-file.js'
import { createOpenFiles, type OpenFiles } from './open-files.js'
import { checkPayload, footerBytes, headerBytes, readHeader } from '../records/tfrecord.js'
import { runtime } from '../../runtime/index.js'

export interface DatasetOptions {
  /** Patterns, folders or files. Files are taken in natural order over all of them, as GPT-Neo does. */
  path: string | readonly string[]
  /**
   * n_ctx. Left out: taken from the index, or the first record. A shorter record is an error; of a longer one the first
   * n_ctx + 1 ids are read, as in GPT-Neo (inputs.py, autoregressive_sample_text), with a note (a process warning).
   */
  contextLength?: number
  /** n_vocab. If given, each id is checked when it is read. */
  vocabularySize?: number
}

/** Samples by number, 0 to size - 1, each n_ctx + 1 ids: inputs are the first n_ctx, labels the last. */
export interface Dataset {
  readonly size: number
  readonly contextLength: number
  readonly files: readonly DatasetFile[]
  /** UTF-8 bytes of text for each id, if every file is in an index. */
  readonly bytesPerToken: number | undefined
  /** The index of each folder that has one. */
  readonly indexes: readonly DatasetIndex[]
  /** Whether rows hold several documents, of which the loss counts some tokens (records/completions.ts). @default false */
  readonly completions?: boolean
  /** The most labels of a row, if ids say token and label (records/labels.ts); the loss counts labels alone. */
  readonly labels?: number
  /** Of each label of a sample, in order, the group that its accuracy is reported in. */
  groups?(number: number): readonly string[]
  /** Reads a sample. Throws DataError, FileError. */
  read(number: number): Promise<Int32Array>
  close(): void
}

/**
 * Opens a data set. Files in an index beside them are trusted if their sizes match, others have their framing scanned
 * once; payload checksums are verified whenever a record is read. Throws DataError, FileError.
 */
export async function openDataset({ path, contextLength, vocabularySize }: DatasetOptions): Promise<Dataset> {
  const paths = await findTfrecords(path)
  const { files, indexes, allIndexed } = await locateRecords(paths)
  const last = files[files.length - 1]
  const size = last.first + last.records
  if (size === 0)
    throw new DataError(`${describePath(path)}: its ${files.length} files have no records. Prepare the data again`)
  checkIndexes(indexes, contextLength, vocabularySize, path)
  const completions = indexes.some(({ kind }) => kind === 'completions')
  if (completions && (!allIndexed || indexes.some(({ kind }) => kind === undefined)))
    throw new DataError(
      `${describePath(path)}: data must be all of completions, or all of text (got both). Name one of them`,
    )
  const kinds = new Set(allIndexed ? indexes.map(({ kind }) => kind) : [])
  const labelled = kinds.has('labelled')
  if (indexes.some(({ kind }) => kind === 'labelled') && !(labelled && kinds.size === 1))
    throw new DataError(
      `${describePath(path)}: data must be all of labelled records, or all of text (got both). Name one of them`,
    )
  const tokenAt = labelled ? tokenOfLabelled : completions ? tokenOf : (id: number) => id
  checkOneTokenizer(indexes, `${describePath(path)}: the data`)
  const open = createOpenFiles()
  const ofFile = files.map((file) => file.first)

  function find(number: number): { file: LocatedFile; location: RecordLocation; bytes: number } {
    if (!Number.isInteger(number) || number < 0 || number >= size)
      throw new DataError(
        `${describePath(path)}: a sample index must be an integer from 0 to ${size - 1} (got ${number})`,
      )
    const file = files[lastAtMost(ofFile, number)]
    const record = number - file.first
    const offset = file.offsets[record]
    return { file, location: { path: file.path, record, offset }, bytes: file.offsets[record + 1] - offset }
  }

  function parse(
    framed: Buffer,
    { file, location }: { file: LocatedFile; location: RecordLocation },
    expected?: number,
  ): Int32Array {
    const length = readHeader(framed, location, file.offsets[file.records])
    if (headerBytes + length + footerBytes !== framed.length)
      throw recordError(location, 'the file was truncated or changed after it was opened. Open it again')
    const payload = framed.subarray(headerBytes)
    checkPayload(payload, length, location)
    const ids = decodeExample(payload.subarray(0, length), location)
    const sample = expected === undefined ? ids : firstIds(ids, location, expected)
    checkVocabulary(sample, location, vocabularySize, tokenAt)
    return sample
  }

  let truncated = false
  function firstIds(ids: Int32Array, location: RecordLocation, wanted: number): Int32Array {
    if (ids.length === wanted) return ids
    if (ids.length < wanted) throw recordError(location, tooShort(ids.length, wanted))
    if (!truncated) runtime.warn(describeTruncation(location.path, ids.length, wanted))
    truncated = true
    return ids.slice(0, wanted)
  }

  const read = async (number: number, expected?: number) => {
    const found = find(number)
    return parse(await open.read(found.location.path, found.location.offset, found.bytes), found, expected)
  }
  const idsPerRecord = await orClose(open, async () => {
    const length = (contextLength ?? indexes[0]?.contextLength ?? (await read(0)).length - 1) + 1
    if (length < 2) throw recordError(find(0).location, `it must have at least 2 ids (got ${length})`)
    return length
  })
  return {
    size,
    contextLength: idsPerRecord - 1,
    files,
    bytesPerToken: allIndexed ? sum(indexes, 'bytes') / sum(indexes, 'tokens') : undefined,
    indexes,
    completions,
    labels: labelled ? Math.max(...indexes.map(({ labels = 0 }) => labels)) : undefined,
    read: (number) => read(number, idsPerRecord),
    close: open.close,
  }
}

function checkIndexes(
  indexes: readonly DatasetIndex[],
  contextLength: number | undefined,
  vocabularySize: number | undefined,
  path: string | readonly string[],
): void {
  for (const index of indexes) {
    const wanted = contextLength ?? indexes[0].contextLength
    if (index.contextLength < wanted) {
      throw new DataError(
        `${describePath(path)}: the data must be prepared for n_ctx ${wanted} or more (got ${index.contextLength}). ` +
          `Prepare it again, or set n_ctx to ${index.contextLength}`,
      )
    }
    if (vocabularySize !== undefined && index.vocabularySize > vocabularySize) {
      throw new DataError(
        `${describePath(path)}: n_vocab must be at least ${index.vocabularySize}, the vocabulary of the data ` +
          `(got ${vocabularySize}). Use the same tokenizer, or a larger n_vocab`,
      )
    }
  }
}

function tooShort(ids: number, wanted: number): string {
  const remedy = ids > 1 ? `Set n_ctx to ${ids - 1}, or prepare the data again` : 'Prepare the data again'
  return `it must have n_ctx + 1 = ${wanted} ids (got ${ids}). ${remedy}`
}

function describeTruncation(path: string, ids: number, wanted: number): string {
  const lost = Math.round((1 - wanted / ids) * 100)
  return (
    `${path}: records have ${ids} ids, and n_ctx ${wanted - 1} reads the first ${wanted} of each: ${lost}% of the ids ` +
    `are not used. To use all, prepare the data for n_ctx ${wanted - 1}, or set n_ctx to ${ids - 1}`
  )
}

function checkVocabulary(
  ids: Int32Array,
  location: RecordLocation,
  vocabularySize: number | undefined,
  tokenAt: (id: number) => number,
): void {
  if (vocabularySize === undefined) return
  for (let i = 0; i < ids.length; i++) {
    if (tokenAt(ids[i]) < vocabularySize) continue
    throw recordError(
      location,
      `id ${i} must be below n_vocab ${vocabularySize} (got ${ids[i]}). Use the tokenizer of the data`,
    )
  }
}

/** Closes the files if opening fails. */
async function orClose<T>(open: OpenFiles, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    open.close()
    throw cause
  }
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (sorted[middle] <= value) low = middle
    else high = middle
  }
  return low
}

function sum(indexes: readonly DatasetIndex[], key: 'bytes' | 'tokens'): number {
  return indexes.reduce((total, index) => total + index[key], 0)
}
