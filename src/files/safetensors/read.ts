/** Reading safetensors files: the header on opening, each tensor on request. */
import { openFile } from '../access.js'
import { FileError, withFileErrors } from '../error.js'
import type { OpenFile } from '../file-system.js'
import { headBytes, refuseForeign } from '../foreign.js'
import { checkNesting, parseJson } from '../json.js'
import {
  checkHeader,
  findDuplicateName,
  maximumHeaderBytes,
  type SafetensorsDtype,
  type SafetensorsHeader,
  type TensorEntry,
} from './format.js'

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
  /** Reads one tensor. Throws FileError for an unknown name, or a file truncated since it was opened. */
  read(name: string): Promise<StoredTensor>
  close(): Promise<void>
}

/** Opens a file and checks its header. Throws FileError. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const opened = await withFileErrors('open', path, () => openFile(path))
  try {
    const { header, dataStart } = await readHeader(opened, path)
    return {
      path,
      ...header,
      read: (name) => readTensor(opened, path, header.tensors, name, dataStart),
      close: () => opened.close(),
    }
  } catch (cause) {
    await opened.close()
    throw cause
  }
}

async function readHeader(file: OpenFile, path: string): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  const wrong = (what: string) => new FileError(`${path} is not a valid safetensors file: ${what}`, path)
  const { size } = file
  refuseForeign(path, await readExactly(file, path, 0, Math.min(headBytes, size)), size, 'safetensors')
  if (size < 8) throw wrong(`it must have at least 8 bytes, for the header length (got ${size})`)
  const length = Number((await readExactly(file, path, 0, 8)).readBigUInt64LE())
  if (length > maximumHeaderBytes)
    throw wrong(
      `its header must have at most ${maximumHeaderBytes} bytes (got ${length}). The file is corrupt or of another kind`,
    )
  if (8 + length > size)
    throw wrong(`it is truncated: its header must have ${length} bytes (got ${size - 8}). Copy or save it again`)
  const bytes = await readExactly(file, path, 8, length)
  if (bytes[0] !== 0x7b) throw wrong('its header must begin with "{"')
  const text = bytes.toString('utf8')
  checkNesting(text, `${path} (header)`)
  const json = parseJson(text, `${path} (header)`)
  const duplicate = findDuplicateName(text)
  if (duplicate !== undefined) throw wrong(`two tensors are named "${duplicate}"`)
  return { header: checkHeader(json, size - 8 - length, path), dataStart: 8 + length }
}

async function readTensor(
  file: OpenFile,
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
      `${path} has no tensor "${name}". Its ${names.length} tensors: ${first.join(', ')}${names.length > 5 ? ', ...' : ''}`,
      path,
    )
  }
  const data = await readExactly(file, path, dataStart + entry.begin, entry.end - entry.begin)
  return { name, dtype: entry.dtype, shape: entry.shape, data }
}

async function readExactly(file: OpenFile, path: string, position: number, length: number): Promise<Buffer> {
  const bytes = await withFileErrors('read', path, () => file.read(position, length))
  if (bytes.length < length)
    throw new FileError(
      `${path} was truncated while it was read: it ended at byte ${position + bytes.length}. Copy or save it again`,
      path,
    )
  return bytes
}
