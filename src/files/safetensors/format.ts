/**
 * The safetensors format: an unsigned 64-bit little-endian header length, a JSON header, then the tensors' bytes.
 * Source: huggingface/safetensors README ("Format") and its rules: no gaps, no overlaps, no duplicate names.
 */
import { FileError } from '../error.js'

/** Bytes an element of each dtype takes. */
export const bytesPerElement = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const

export type SafetensorsDtype = keyof typeof bytesPerElement

/** A tensor without its data. `begin` and `end` are byte offsets after the header. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>
  readonly metadata: Readonly<Record<string, string>>
}

/** The reference implementation's limit, which keeps a corrupt length from reserving memory. */
export const maximumHeaderBytes = 100_000_000

/** Bytes that a tensor of this dtype and shape takes. */
export function tensorBytes(dtype: SafetensorsDtype, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, bytesPerElement[dtype])
}

/** Checks a header's JSON against the rules and the number of bytes after it. Throws FileError naming the tensor. */
export function checkHeader(json: unknown, dataBytes: number, path: string): SafetensorsHeader {
  const wrong = (what: string) => new FileError(`${path} is not a valid safetensors file: ${what}`, path)
  if (!isRecord(json)) throw wrong('its header must be a JSON object')
  const { __metadata__: metadata = {}, ...rest } = json
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw wrong('__metadata__ must map strings to strings')
  const entries = Object.entries(rest).map(([name, value]) => checkEntry(name, value, wrong))
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let expected = 0
  for (const { name, begin, end } of entries) {
    if (begin !== expected)
      throw wrong(`tensor "${name}" must begin at byte ${expected} (got ${begin}): a gap or an overlap`)
    expected = end
  }
  if (expected > dataBytes)
    throw wrong(`it is truncated: its tensors must have ${expected} bytes (got ${dataBytes}). Copy or save it again`)
  if (expected < dataBytes) throw wrong(`${dataBytes - expected} bytes follow the last tensor`)
  return { tensors: new Map(entries.map((entry) => [entry.name, entry])), metadata: metadata as Record<string, string> }
}

function checkEntry(name: string, value: unknown, wrong: (what: string) => FileError): TensorEntry {
  if (!isRecord(value)) throw wrong(`tensor "${name}" must be described by an object`)
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPerElement, dtype))
    throw wrong(
      `tensor "${name}" must have one of the dtypes ${Object.keys(bytesPerElement).join(', ')} (got ${shown(dtype)})`,
    )
  if (!isSizes(shape)) throw wrong(`the shape of tensor "${name}" must be a list of sizes (got ${shown(shape)})`)
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw wrong(`data_offsets of tensor "${name}" must be two increasing offsets (got ${shown(offsets)})`)
  const [begin, end] = offsets
  const needed = tensorBytes(dtype as SafetensorsDtype, shape)
  if (needed !== end - begin)
    throw wrong(
      `tensor "${name}" (${dtype} [${shape.join(', ')}]) must have ${needed} bytes (got data_offsets of ${end - begin})`,
    )
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end }
}

/** The first duplicate top-level key: JSON.parse silently keeps the last one, so the text itself is scanned. */
export function findDuplicateName(text: string): string | undefined {
  const seen = new Set<string>()
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g
  let depth = 0
  let last = ''
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [piece] = match
    if (piece === '{' || piece === '[') depth++
    else if (piece === '}' || piece === ']') depth--
    else if (piece === ':' && depth === 1) {
      const name = JSON.parse(last) as string
      if (seen.has(name)) return name
      seen.add(name)
    } else last = piece
  }
  return undefined
}

/** A value of the header as JSON, truncated if long. */
function shown(value: unknown): string {
  if (value === undefined) return '(none)'
  const text = JSON.stringify(value)
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}
