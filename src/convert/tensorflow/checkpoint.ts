/**
 * TensorFlow V2 checkpoints without TensorFlow: PREFIX.index lists the tensors, PREFIX.data-NNNNN-of-NNNNN hold their
 * bytes. The index is read at once, a tensor when it is asked for. Source: tensorflow/core/util/tensor_bundle.
 */
import { nextTurn } from '../../runtime/index.js'
import {
  crc32c,
  FileError,
  headBytes,
  maskCrc,
  openFile,
  readFile,
  refuseForeign,
  withFileErrors,
  type OpenFile,
} from '../../files/index.js'
import { productOf } from '../../tensor/index.js'
import { endsAsTable, readTable, type TableEntry } from './sstable.js'
import { decodeEntry, decodeHeader, type BundleEntry, type BundleHeader } from './tensor-bundle.js'
import { findTensorflowPrefix } from './prefix.js'

/** How elements of each dtype that can be read are handed out; bfloat16 and float16 as their bits. */
const arrays = {
  float32: Float32Array,
  bfloat16: Uint16Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
} as const
export type TensorflowDtype = keyof typeof arrays

export interface TensorflowTensor {
  readonly dtype: TensorflowDtype
  readonly shape: readonly number[]
  /** Row-major. */
  readonly data: Float32Array | Uint16Array | Int32Array | BigInt64Array
}

/** An open checkpoint. Close it when done. */
export interface TensorflowCheckpoint {
  /** The path that its files share. */
  readonly prefix: string
  /** By name, sorted. A dtype may be one that `read` refuses, such as string. */
  readonly tensors: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>
  /** Reads one tensor and checks its checksum. Throws FileError. */
  read(name: string): Promise<TensorflowTensor>
  close(): Promise<void>
}

/**
 * Opens a checkpoint by its prefix, one of its files, or a folder with a `checkpoint` file. Checks the index, and that
 * all shards that hold tensors are there and long enough. Throws FileError in one line that says what is wrong.
 */
export async function openTensorflowCheckpoint(path: string): Promise<TensorflowCheckpoint> {
  const prefix = await findTensorflowPrefix(path)
  const { header, entries } = await readIndex(`${prefix}.index`)
  const shards = await openShards(prefix, header.shards, entries)
  return {
    prefix,
    tensors: entries,
    read: (name) => readTensor(prefix, shards, entries, name),
    close: () => closeAll(shards),
  }
}

interface Shard {
  readonly path: string
  readonly file: OpenFile
}

async function readIndex(path: string): Promise<{ header: BundleHeader; entries: Map<string, BundleEntry> }> {
  const file = await withFileErrors('read', path, () => readFile(path))
  const entries = new Map<string, BundleEntry>()
  let header: BundleHeader | undefined
  for (const { key, value } of tableOf(file, path)) {
    if (key.length === 0) header = decoded(path, 'its header', value, decodeHeader)
    // Parts of partitioned variables have binary keys, which begin with a zero byte.
    else if (key[0] !== 0) entries.set(key.toString('utf8'), decoded(path, `the entry of "${key}"`, value, decodeEntry))
  }
  if (header === undefined)
    throw new FileError(`${path} is not a checkpoint index: it is a table without a header entry`, path)
  if (header.bigEndian)
    throw new FileError(`${path}: the checkpoint was written on a big-endian machine, which is not supported`, path)
  if (header.minimumVersion > 1)
    throw new FileError(
      `${path}: readers must know version ${header.minimumVersion} of the format; this one knows 1`,
      path,
    )
  if (header.shards < 1 || header.shards > mostShards)
    throw new FileError(
      `${path} is not a sound checkpoint index: it must name 1 to ${mostShards} data files (got ${header.shards})`,
      path,
    )
  for (const [name, entry] of entries) checkEntry(name, entry, header.shards, path)
  return { header, entries }
}

/** The table's entries; a file without a table's last bytes is said to be what it is, where that is known. */
function tableOf(file: Buffer, path: string): Generator<TableEntry> {
  if (!endsAsTable(file)) refuseForeign(path, file.subarray(0, headBytes), file.length, 'tensorflow')
  return readTable(file, path)
}

/** Files are numbered with five digits. */
const mostShards = 99_999

function checkEntry(name: string, { shape, shard, offset, size }: BundleEntry, shards: number, path: string): void {
  const wrong = (what: string) => new FileError(`${path} is not a sound checkpoint index: "${name}" ${what}`, path)
  if (shard < 0 || shard >= shards) throw wrong(`is in data file ${shard} of ${shards}`)
  for (const number of [offset, size, offset + size, ...shape])
    if (!Number.isSafeInteger(number) || number < 0)
      throw wrong(`has shape [${shape.join(', ')}], offset ${offset} and ${size} bytes`)
}

function decoded<T>(path: string, what: string, value: TableEntry['value'], decode: (bytes: Uint8Array) => T): T {
  try {
    return decode(value)
  } catch (cause) {
    throw new FileError(
      `${path} is not a sound checkpoint index: ${what} cannot be read (${(cause as Error).message})`,
      path,
    )
  }
}

/** The data files that hold something, by number: the header's count alone says nothing about what is there. */
async function openShards(
  prefix: string,
  count: number,
  entries: ReadonlyMap<string, BundleEntry>,
): Promise<Map<number, Shard>> {
  const shards = new Map<number, Shard>()
  const five = (number: number) => String(number).padStart(5, '0')
  try {
    const needed = new Map<number, number>()
    for (const { shard, offset, size } of entries.values())
      needed.set(shard, Math.max(needed.get(shard) ?? 0, offset + size))
    for (const [index, bytes] of [...needed].sort(([a], [b]) => a - b)) {
      const path = `${prefix}.data-${five(index)}-of-${five(count)}`
      const file = await openFile(path).catch((cause) => {
        if (cause.code !== 'ENOENT') return withFileErrors('open', path, () => Promise.reject(cause))
        throw new FileError(`${path} is missing: the checkpoint has ${count} data files. Copy it there`, path, 'ENOENT')
      })
      shards.set(index, { path, file })
      const { size } = file
      if (size >= bytes) continue
      refuseForeign(path, await file.read(0, Math.min(headBytes, size)), size, 'tensorflow')
      throw new FileError(`${path} is cut off: it has ${size} bytes, its tensors end at ${bytes}. Copy it again`, path)
    }
    return shards
  } catch (cause) {
    await closeAll(shards)
    throw cause
  }
}

async function closeAll(shards: ReadonlyMap<number, Shard>): Promise<void> {
  for (const { file } of shards.values()) await file.close()
}

async function readTensor(
  prefix: string,
  shards: ReadonlyMap<number, Shard>,
  entries: ReadonlyMap<string, BundleEntry>,
  name: string,
): Promise<TensorflowTensor> {
  const entry = entries.get(name)
  if (entry === undefined) {
    const names = [...entries.keys()]
    throw new FileError(
      `${prefix} has no tensor "${name}"; it has ${names.length}: ` +
        `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''}`,
      prefix,
    )
  }
  const { dtype, shape, shard, offset, size, slices } = entry
  if (slices > 0)
    throw new FileError(
      `${prefix}: "${name}" is a partitioned variable, stored in ${slices} slices, which is not supported. ` +
        'Save it whole',
      prefix,
    )
  if (!isReadable(dtype))
    throw new FileError(
      `${prefix}: "${name}" has dtype ${dtype}; ${Object.keys(arrays).join(', ')} can be read`,
      prefix,
    )
  const elements = productOf(shape)
  if (elements * arrays[dtype].BYTES_PER_ELEMENT !== size)
    throw new FileError(`${prefix}.index: "${name}" (${dtype} [${shape.join(', ')}]) cannot have ${size} bytes`, prefix)
  const { path, file } = shards.get(shard)!
  const bytes = await withFileErrors('read', path, () => file.read(offset, size))
  if (bytes.length < size)
    throw new FileError(`${path} ended at byte ${offset + bytes.length} while it was read: it has been cut off`, path)
  if ((await checksumOf(bytes)) !== entry.crc32c)
    throw new FileError(
      `${path}: the checksum of "${name}" does not match: its bytes are damaged. Copy the file again`,
      path,
    )
  return { dtype, shape, data: new arrays[dtype](bytes.buffer) }
}

function isReadable(dtype: string): dtype is TensorflowDtype {
  return Object.hasOwn(arrays, dtype)
}

/** Between these others may run. */
const bytesPerTurn = 1 << 24

/** The masked checksum of bytes. */
async function checksumOf(bytes: Buffer): Promise<number> {
  let crc = 0
  for (let at = 0; at < bytes.length; at += bytesPerTurn) {
    crc = crc32c(bytes, at, Math.min(at + bytesPerTurn, bytes.length), crc)
    await nextTurn()
  }
  return maskCrc(crc)
}
