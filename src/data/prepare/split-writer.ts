/** Writer of one split (train or validation): a stream of ids split into records, files and an index. */
import { createAtomicFile, join, makeFolder, type AtomicFile } from '../../files/index.js'
import { encodeExample } from '../records/example.js'
import { createRecordWriter, type RecordWriter } from '../records/tfrecord.js'

export interface SplitWriterOptions {
  folder: string
  /** The name of the file with this number, from 0, and record count; `full`: it has recordsPerFile. */
  fileName: (number: number, count: number, full: boolean) => string
  contextLength: number
  recordsPerFile: number
  /** Every id must be below it. */
  vocabularySize: number
  /** The token of an id, where it says more (records/completions.ts, labels.ts). @default the id */
  tokenOf?: (id: number) => number
}

export interface SplitFile {
  readonly name: string
  readonly records: number
  readonly bytes: number
}

export interface SplitWriter {
  readonly tokens: number
  readonly records: number
  /** Ids buffered for the next record. */
  readonly waiting: number
  /** The last id pushed, or undefined. */
  readonly lastId: number | undefined
  /** Appends ids to the stream. Throws RangeError for one outside the vocabulary. */
  push(ids: ArrayLike<number>): Promise<void>
  /** Removes the buffered ids and returns them; they no longer count in `tokens`. */
  takeWaiting(): Int32Array<ArrayBuffer>
  /**
   * Ends the stream. With `overlap`, buffered ids are written in a last record that begins earlier in the stream, so
   * that none is lost; without, or if there is no previous record, they are dropped.
   */
  finish(
    overlap: boolean,
  ): Promise<{ files: SplitFile[]; lengths: Uint32Array; tokensRepeated: number; tokensDropped: number }>
  abort(): Promise<void>
}

export async function createSplitWriter(options: SplitWriterOptions): Promise<SplitWriter> {
  const { folder, fileName, contextLength, recordsPerFile, vocabularySize, tokenOf = (id) => id } = options
  await makeFolder(folder)
  const size = contextLength + 1
  const record = new Int32Array(size)
  const before = new Int32Array(size)
  const files: SplitFile[] = []
  const lengths: number[] = []
  let filled = 0
  let tokens = 0
  let lastId: number | undefined
  let file: AtomicFile | undefined
  let writer: RecordWriter | undefined

  async function writeRecord(): Promise<void> {
    if (writer === undefined) {
      file = await createAtomicFile(join(folder, fileName(files.length, 0, false)))
      writer = createRecordWriter(file)
    }
    const payload = encodeExample(record)
    lengths.push(payload.length)
    await writer.write(payload)
    if (writer.records === recordsPerFile) await closeFile()
  }

  async function closeFile(): Promise<void> {
    if (file === undefined || writer === undefined) return
    await writer.flush()
    // The name ends in the record count, which is known only now.
    const name = fileName(files.length, writer.records, writer.records === recordsPerFile)
    await file.commit(join(folder, name))
    files.push({ name, records: writer.records, bytes: file.size })
    file = writer = undefined
  }

  return {
    get tokens() {
      return tokens
    },
    get records() {
      return lengths.length
    },
    get waiting() {
      return filled
    },
    get lastId() {
      return lastId
    },
    async push(ids) {
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i]
        const token = tokenOf(id)
        if (!(token >= 0 && token < vocabularySize && Number.isInteger(token)))
          throw new RangeError(
            `ids must be integers from 0 to ${vocabularySize - 1}, below vocabularySize (got ${id} from the tokenizer)`,
          )
        record[filled++] = id
        if (filled < size) continue
        await writeRecord()
        before.set(record)
        filled = 0
      }
      tokens += ids.length
      if (ids.length > 0) lastId = ids[ids.length - 1]
    },
    takeWaiting() {
      const taken = record.slice(0, filled)
      tokens -= filled
      filled = 0
      return taken
    },
    async finish(overlap) {
      const canOverlap = overlap && filled > 0 && lengths.length > 0
      const tokensRepeated = canOverlap ? size - filled : 0
      const tokensDropped = canOverlap ? 0 : filled
      if (canOverlap) {
        record.copyWithin(tokensRepeated, 0, filled)
        record.set(before.subarray(filled), 0)
        await writeRecord()
      }
      await closeFile()
      return { files, lengths: Uint32Array.from(lengths), tokensRepeated, tokensDropped }
    },
    async abort() {
      await file?.abort()
    },
  }
}
