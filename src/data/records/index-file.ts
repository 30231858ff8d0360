/**
 * The index beside prepared TFRecord files, so that any sample is one seek: `index.json` lists files and totals,
 * `index.bin` holds each record's payload length (uint32, little-endian), file after file.
 */
import { z } from 'zod'
import { isFile, join, openFile, readJson, stat, withFileErrors, writeFileAtomic } from '../../files/index.js'
import { DataError } from '../error.js'
import { footerBytes, headerBytes } from './tfrecord.js'
import { schemaProblems } from './schema-problems.js'

export const indexName = 'index.json'
export const lengthsName = 'index.bin'

const count = z.number().int().nonnegative()
const indexSchema = z.strictObject({
  format: z.literal('neomesh TFRecord index'),
  version: z.literal(1),
  kind: z
    .enum(['completions', 'labelled'])
    .optional()
    .describe(
      'ids say where documents begin and what the loss counts (completions.ts), or token and label (labels.ts)',
    ),
  labels: count.optional().describe('labelled: the most labels of a record'),
  contextLength: count.describe('records hold contextLength + 1 ids'),
  vocabularySize: count.describe('every id is below it'),
  eosId: count,
  tokenizerHash: z.string().nullable().describe('as the maker of the data named its tokenizer'),
  documents: count,
  characters: count.describe('Unicode code points of the text that was encoded'),
  bytes: count.describe('UTF-8 bytes of the text that was encoded'),
  tokens: count.describe('ids made of the text, separators included, each counted once'),
  tokensRepeated: count.describe('ids of the last record that the one before it holds too'),
  tokensDropped: count.describe('ids of the text that no record holds'),
  records: count,
  files: z.array(z.strictObject({ name: z.string(), records: count, bytes: count })),
})

/** The content of `index.json`. Bits per byte = loss in nats / ln 2 * tokens / bytes. */
export type DatasetIndex = z.infer<typeof indexSchema>

/** Writes both files into a folder; `lengths`: payload bytes of each record, in the order of `index.files`. */
export async function writeIndex(folder: string, index: DatasetIndex, lengths: Uint32Array): Promise<void> {
  const bytes = Buffer.alloc(lengths.length * 4)
  lengths.forEach((length, i) => bytes.writeUInt32LE(length, i * 4))
  await writeFileAtomic(join(folder, lengthsName), bytes)
  await writeFileAtomic(join(folder, indexName), `${JSON.stringify(index, undefined, 2)}\n`)
}

/** The index of a folder, or undefined if it has none. Throws DataError for an invalid one. */
export async function readIndex(folder: string): Promise<DatasetIndex | undefined> {
  const path = join(folder, indexName)
  if (!(await isFile(path))) return undefined
  const parsed = indexSchema.safeParse(await readJson(path))
  if (!parsed.success)
    throw new DataError(`${path} is not a data set index of this version. ${remedy}${schemaProblems(parsed.error)}`)
  for (const { name } of parsed.data.files) {
    if (!(await isFile(join(folder, name))))
      throw new DataError(`${path} lists ${name}, which does not exist. ${remedy}`)
  }
  return parsed.data
}

/** Byte offsets of one file's records and of its end, from `index.bin`, checked against the file's size. */
export async function readOffsets(folder: string, index: DatasetIndex, name: string): Promise<Float64Array> {
  const position = index.files.findIndex((file) => file.name === name)
  const file = index.files[position]
  const { size } = await withFileErrors('read', join(folder, name), () => stat(join(folder, name)))
  if (size !== file.bytes)
    throw new DataError(
      `${join(folder, name)} must have ${file.bytes} bytes, as in ${join(folder, indexName)} (got ${size}). ${remedy}`,
    )
  const before = index.files.slice(0, position).reduce((sum, { records }) => sum + records, 0)
  const offsets = toOffsets(await readLengths(join(folder, lengthsName), before, file.records))
  if (offsets[file.records] !== file.bytes)
    throw new DataError(`${join(folder, lengthsName)} does not match ${name}. ${remedy}`)
  return offsets
}

const remedy =
  'The files have changed since they were prepared: prepare them again, ' +
  `or delete ${indexName} to have them scanned.`

/** Offsets of records with these payload lengths, and of the end: one more than there are records. */
export function toOffsets(lengths: ArrayLike<number>): Float64Array {
  const offsets = new Float64Array(lengths.length + 1)
  for (let i = 0; i < lengths.length; i++) offsets[i + 1] = offsets[i] + headerBytes + lengths[i] + footerBytes
  return offsets
}

async function readLengths(path: string, first: number, length: number): Promise<Uint32Array> {
  const bytes = await withFileErrors('read', path, async () => {
    const file = await openFile(path)
    try {
      return await file.read(first * 4, length * 4)
    } finally {
      await file.close()
    }
  })
  if (bytes.length < length * 4) throw new DataError(`${path} is truncated. ${remedy}`)
  return Uint32Array.from({ length }, (_, i) => bytes.readUInt32LE(i * 4))
}
