/** Writing safetensors files, one tensor at a time and atomically. */
import { sha256Digest } from '../../runtime/index.js'
import { createAtomicFile } from '../access.js'
import { FileError } from '../error.js'
import { bytesPerElement, tensorBytes, type SafetensorsDtype } from './format.js'
import type { StoredTensor } from './read.js'

/** A tensor's entry in the header, known before its bytes. */
export interface TensorDescription {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
}

/** A tensor with its bytes, or with a function that fetches them when they are written. */
export type WritableTensor =
  StoredTensor | (TensorDescription & { readonly data: () => Promise<Uint8Array> | Uint8Array })

export interface SafetensorsWriteOptions {
  /** Free text for the header, for example { format: 'pt' }. */
  metadata?: Readonly<Record<string, string>>
}

/**
 * Writes a file with the tensors in the order given. The header comes first and describes all of them, so the whole list
 * is iterated before any data is fetched: give `data` as a function to keep only one tensor in memory.
 * Returns the file's size and SHA-256. Throws FileError for a duplicate name, or data of the wrong length; then an
 * existing file at `path` is unchanged.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<WritableTensor> | AsyncIterable<WritableTensor>,
  options: SafetensorsWriteOptions = {},
): Promise<{ bytes: number; sha256: string }> {
  const list: WritableTensor[] = []
  for await (const tensor of tensors) list.push(tensor)
  const header = makeHeader(path, list, options.metadata)
  const hash = sha256Digest()
  const file = await createAtomicFile(path)
  let writing: Promise<void> = Promise.resolve()
  // In slices, between which other work of this thread runs, such as the next training step; each is hashed while the
  // one before is written.
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      const slice = bytes.subarray(at, at + SLICE_BYTES)
      hash.update(slice)
      await writing
      writing = file.write(slice)
      writing.catch(() => {}) // `await writing` reports it
    }
    await writing
  }
  try {
    await write(header)
    for (const tensor of list) await write(await bytesOf(path, tensor))
    await file.commit()
    return { bytes: file.size, sha256: hash.digest() }
  } finally {
    await file.abort()
  }
}

/** Bytes that are hashed at a time, in about a millisecond. */
const SLICE_BYTES = 1 << 20

function makeHeader(
  path: string,
  tensors: readonly TensorDescription[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = new Map<string, unknown>()
  if (metadata !== undefined) entries.set('__metadata__', metadata)
  let begin = 0
  for (const { name, dtype, shape } of tensors) {
    if (entries.has(name) || name === '__metadata__')
      throw new FileError(`cannot write ${path}: two tensors are named "${name}"`, path)
    if (!Object.hasOwn(bytesPerElement, dtype))
      throw new FileError(`cannot write ${path}: tensor "${name}" has the unknown dtype ${dtype}`, path)
    const end = begin + tensorBytes(dtype, shape)
    entries.set(name, { dtype, shape, data_offsets: [begin, end] })
    begin = end
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  // Spaces pad the header to a multiple of 8, so that the data is aligned when the file is mapped into memory.
  const length = Math.ceil(json.length / 8) * 8
  const header = Buffer.alloc(8 + length, ' ')
  header.writeBigUInt64LE(BigInt(length))
  json.copy(header, 8)
  return header
}

async function bytesOf(path: string, tensor: WritableTensor): Promise<Uint8Array> {
  const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data
  const needed = tensorBytes(tensor.dtype, tensor.shape)
  if (data.byteLength !== needed) {
    throw new FileError(
      `cannot write ${path}: tensor "${tensor.name}" (${tensor.dtype} [${tensor.shape.join(', ')}]) ` +
        `must have ${needed} bytes (got ${data.byteLength})`,
      path,
    )
  }
  return data
}
