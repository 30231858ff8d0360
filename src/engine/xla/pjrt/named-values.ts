/** PJRT_NamedValue lists: options that go in, attributes that come out. */
import { structs } from './abi.js'
import { bytesAt, pin, pinText, pinWords, textAt, wordsAt, type Block } from './memory.js'

/** An integer option is a number or bigint; a fraction is sent as float32. Lists are of int64. */
export type NamedValue = string | number | bigint | boolean | readonly number[]
export type NamedValues = Record<string, NamedValue>

const { size: STRIDE, fields } = structs.NamedValue
const kinds = { string: 0, int64: 1, int64List: 2, float: 3, bool: 4 }

/** The list in native form. The block keeps names and values alive. */
export function writeNamedValues(values: NamedValues): Block & { count: number; held: Block[] } {
  const names = Object.keys(values)
  const view = new DataView(new ArrayBuffer(Math.max(1, names.length) * STRIDE))
  const held: Block[] = []
  const keep = (block: Block) => (held.push(block), block.address)
  for (const [i, name] of names.entries()) {
    const at = i * STRIDE
    const text = pinText(name)
    view.setBigUint64(at, BigInt(STRIDE), true)
    view.setBigUint64(at + fields.name, keep(text), true)
    view.setBigUint64(at + fields.name_size, BigInt(text.array.byteLength), true)
    const { kind, write, size } = encode(values[name], keep)
    view.setInt32(at + fields.type.offset, kind, true)
    view.setBigUint64(at + fields.value_size, BigInt(size), true)
    write(view, at + fields.value)
  }
  return { ...pin(view), count: names.length, held }
}

function encode(value: NamedValue, keep: (block: Block) => bigint) {
  const pointer = (kind: number, block: Block, size: number) => ({
    kind,
    size,
    write: (view: DataView, at: number) => view.setBigUint64(at, keep(block), true),
  })
  if (typeof value === 'string') {
    const text = pinText(value)
    return pointer(kinds.string, text, text.array.byteLength)
  }
  if (typeof value === 'object') return pointer(kinds.int64List, pinWords(value), value.length)
  if (typeof value === 'boolean') {
    return { kind: kinds.bool, size: 1, write: (view: DataView, at: number) => view.setUint8(at, value ? 1 : 0) }
  }
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return { kind: kinds.float, size: 1, write: (view: DataView, at: number) => view.setFloat32(at, value, true) }
  }
  const integer = BigInt(value)
  return { kind: kinds.int64, size: 1, write: (view: DataView, at: number) => view.setBigInt64(at, integer, true) }
}

/** Reads a native list. int64 values come back as numbers where exact. */
export function readNamedValues(address: bigint, count: number): NamedValues {
  const view = new DataView(bytesAt(address, count * STRIDE).buffer)
  const result: NamedValues = {}
  for (let at = 0; at < count * STRIDE; at += STRIDE) {
    const nameSize = Number(view.getBigUint64(at + fields.name_size, true))
    result[textAt(view.getBigUint64(at + fields.name, true), nameSize)] = decode(view, at)
  }
  return result
}

function decode(view: DataView, at: number): NamedValue {
  const value = at + fields.value
  const pointer = view.getBigUint64(value, true)
  const size = Number(view.getBigUint64(at + fields.value_size, true))
  switch (view.getInt32(at + fields.type.offset, true)) {
    case kinds.string:
      return textAt(pointer, size)
    case kinds.int64:
      return exact(view.getBigInt64(value, true))
    case kinds.int64List:
      return wordsAt(pointer, size).map(Number)
    case kinds.float:
      return view.getFloat32(value, true)
    default:
      return view.getUint8(value) !== 0
  }
}

function exact(value: bigint): number | bigint {
  return BigInt(Number(value)) === value ? Number(value) : value
}
