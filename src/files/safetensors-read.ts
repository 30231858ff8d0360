/** Reading safetensors files: the header at once, each tensor when asked for. */
import { open, type FileHandle } from 'node:fs/promises'
import { FileError, withFileErrors } from './error.js'
import { parseJson } from './json.js'
import {
  checkHeader,
  findDuplicateName,
  maximumHeaderBytes,
  type SafetensorsDtype,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors-format.js'

/** A tensor with its bytes: little-endian, C order. */
export interface StoredTensor {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

/** An open file. Close it when done. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string
  /** Reads one tensor. Throws FileError for a name that is not there, or a file cut off since it was opened. */
  read(name: string): Promise<StoredTensor>
  close(): Promise<void>
}

/** Opens a file and checks its header. Throws FileError in one line that says what is wrong with it. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await withFileErrors('open', path, () => open(path, 'r'))
  try {
    const { header, dataStart } = await readHeader(handle, path)
    return {
      path,
      ...header,
      read: (name) => readTensor(handle, path, header.tensors, name, dataStart),
      close: () => handle.close(),
    }
  } catch (cause) {
    await handle.close()
    throw cause
  }
}

async function readHeader(handle: FileHandle, path: string): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  const wrong = (what: string) => new FileError(`${path} is not a sound safetensors file: ${what}`, path)
  const { size } = await withFileErrors('read', path, () => handle.stat())
  if (size === 0) throw wrong('it is empty')
  if (size < 8) throw wrong(`it has ${size} bytes, too few for the header length`)
  const length = Number((await readExactly(handle, path, 0, 8)).readBigUInt64LE())
  if (length > maximumHeaderBytes)
    throw wrong(`its header would have ${length} bytes; it is another kind of file, or corrupt`)
  if (8 + length > size)
    throw wrong(`it is cut off: its header has ${length} bytes, ${size - 8} are there. Copy or save it again`)
  const bytes = await readExactly(handle, path, 8, length)
  if (bytes[0] !== 0x7b) throw wrong('its header does not begin with "{"')
  const text = bytes.toString('utf8')
  const json = parseJson(text, `${path} (header)`)
  const duplicate = findDuplicateName(text)
  if (duplicate !== undefined) throw wrong(`two tensors are named "${duplicate}"`)
  return { header: checkHeader(json, size - 8 - length, path), dataStart: 8 + length }
}

async function readTensor(
  handle: FileHandle,
  path: string,
  tensors: ReadonlyMap<string, TensorEntry>,
  name: string,
  dataStart: number,
): Promise<StoredTensor> {
  const entry = tensors.get(name)
  if (entry === undefined) {
    const names = [...tensors.keys()]
    const first = names.slice(0, 5)
    throw new FileError(
      `${path} has no tensor "${name}"; it has ${names.length}: ${first.join(', ')}${names.length > 5 ? ', ...' : ''}`,
      path,
    )
  }
  const data = await readExactly(handle, path, dataStart + entry.begin, entry.end - entry.begin)
  return { name, dtype: entry.dtype, shape: entry.shape, data }
}

/** One read call takes at most 2 GiB on Linux, and a large tensor has more. */
const bytesPerRead = 1 << 30

async function readExactly(handle: FileHandle, path: string, position: number, length: number): Promise<Buffer> {
  // Not from Buffer's shared pool: callers make Float32Arrays of it, which need an aligned start.
  const buffer = Buffer.from(new ArrayBuffer(length))
  for (let done = 0; done < length;) {
    const part = Math.min(bytesPerRead, length - done)
    const { bytesRead } = await withFileErrors('read', path, () => handle.read(buffer, done, part, position + done))
    if (bytesRead === 0)
      throw new FileError(`${path} ended at byte ${position + done} while it was read: it has been cut off`, path)
    done += bytesRead
  }
  return buffer
}
