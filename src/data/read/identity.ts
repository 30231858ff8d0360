import { sha256 } from '../../files/index.js'
import type { Dataset } from './dataset.js'
import { DataError } from '../error.js'
import type { DatasetIndex } from '../records/index-file.js'

/** Records that are read to tell data sets apart; their number bounds the requests that a bucket gets. */
const READ = 128

/**
 * A data set by its content: the same for the same sequences in the same order, whatever their files are named. sha256
 * in hexadecimal of the count, the context length, the length of each record as stored (which varies with its ids), and
 * the ids of up to 128 records spread evenly over the set. Throws DataError, FileError.
 */
export async function identityOf(data: Pick<Dataset, 'size' | 'contextLength' | 'files' | 'read'>): Promise<string> {
  const { size, contextLength, files } = data
  const count = Math.min(size, READ)
  const numbers = Array.from({ length: count }, (_, i) => Math.floor((i * size) / count))
  const records = await Promise.all(numbers.map((number) => data.read(number)))
  const hash = (values: Int32Array | Float64Array) =>
    sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  const lengths = Float64Array.from(
    files.flatMap((file) => ('offsets' in file ? lengthsOf(file.offsets as Float64Array) : [])),
  )
  return sha256(JSON.stringify([size, contextLength, hash(lengths), ...records.map(hash)]))
}

function lengthsOf(offsets: Float64Array): number[] {
  return Array.from({ length: offsets.length - 1 }, (_, i) => offsets[i + 1] - offsets[i])
}

/** Throws DataError if indexes name several tokenizers; an index that names none may be of any. */
export function checkOneTokenizer(indexes: readonly DatasetIndex[], what: string): void {
  const hashes = new Set(indexes.flatMap(({ tokenizerHash }) => tokenizerHash ?? []))
  if (hashes.size < 2) return
  const got = [...hashes].map((hash) => `sha256 ${hash.slice(0, 12)}`).join(', ')
  throw new DataError(
    `${what} must be prepared with one tokenizer (got ${got}). Prepare all of it again with the same tokenizer`,
  )
}
