/**
 * The tf.train.Example of a GPT-Neo record: one feature named `text`, a list of int64 token ids. On the wire:
 * Example { features=1 { feature=1 (map entry) { key=1, value=2 (Feature) { int64_list=3 { value=1, packed } } } } }.
 * Source: tensorflow/core/example/feature.proto; gpt-neo data/create_tfrecords.py (write_to_file).
 */
import protobuf from 'protobufjs/minimal.js'
import { DataError, recordError, type RecordLocation } from '../error.js'

const { Reader, Writer } = protobuf
type Reader = protobuf.Reader

/** A tag is field number * 8 + wire type; 2 is length-delimited, 0 a varint. */
const lengthDelimited = (field: number) => field * 8 + 2
const varint = (field: number) => field * 8
/** What a Feature may hold, by tag. */
const featureKinds: Record<number, string> = {
  [lengthDelimited(1)]: 'bytes',
  [lengthDelimited(2)]: 'floats',
  [lengthDelimited(3)]: 'int64',
}

/** The bytes of an Example with feature `text`, the same that TensorFlow writes. `ids`: integers, 0 to 2^31 - 1. */
export function encodeExample(ids: ArrayLike<number>): Uint8Array {
  const writer = Writer.create()
  writer.uint32(lengthDelimited(1)).fork().uint32(lengthDelimited(1)).fork()
  writer.uint32(lengthDelimited(1)).string('text').uint32(lengthDelimited(2)).fork()
  writer.uint32(lengthDelimited(3)).fork().uint32(lengthDelimited(1)).fork()
  for (let i = 0; i < ids.length; i++) writer.uint32(ids[i])
  return writer.ldelim().ldelim().ldelim().ldelim().ldelim().finish()
}

/** The ids of feature `text`, packed or not. Throws DataError that names the record and what it holds instead. */
export function decodeExample(payload: Uint8Array, location: RecordLocation): Int32Array {
  try {
    return decode(payload, location)
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    throw recordError(location, `its bytes are not a tf.train.Example (${(cause as Error).message})`, { cause })
  }
}

function decode(payload: Uint8Array, location: RecordLocation): Int32Array {
  const reader = Reader.create(payload)
  const names: string[] = []
  let ids: Int32Array | undefined
  eachField(reader, payload.length, lengthDelimited(1), (featuresEnd) => {
    eachField(reader, featuresEnd, lengthDelimited(1), (entryEnd) => {
      let name = ''
      let featureStart = -1
      let featureEnd = -1
      while (reader.pos < entryEnd) {
        const tag = reader.uint32()
        if (tag === lengthDelimited(1)) name = reader.string()
        else if (tag === lengthDelimited(2)) {
          featureEnd = reader.uint32() + reader.pos
          featureStart = reader.pos
          reader.pos = checkedEnd(featureEnd, entryEnd)
        } else reader.skipType(tag & 7)
      }
      names.push(name)
      if (name === 'text') ids = decodeFeature(payload, featureStart, featureEnd, location)
    })
  })
  if (ids !== undefined) return ids
  throw recordError(
    location,
    names.length === 0
      ? 'it has no features; a GPT-Neo record has the int64 feature "text"'
      : `it has no feature "text"; it has ${names.map((name) => `"${name}"`).join(', ')}`,
  )
}

/** Calls `visit` for each sub-message with this tag between the reader's position and `end`; other fields are skipped. */
function eachField(reader: Reader, end: number, wanted: number, visit: (end: number) => void): void {
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === wanted) visit(checkedEnd(reader.uint32() + reader.pos, end))
    else reader.skipType(tag & 7)
  }
}

function checkedEnd(end: number, limit: number): number {
  if (end > limit) throw new RangeError('a part is longer than the whole')
  return end
}

function decodeFeature(payload: Uint8Array, start: number, end: number, location: RecordLocation): Int32Array {
  if (start < 0) return new Int32Array(0)
  const reader = Reader.create(payload)
  reader.pos = start
  let ids: Int32Array<ArrayBufferLike> = new Int32Array(0)
  while (reader.pos < end) {
    const tag = reader.uint32()
    const kind = featureKinds[tag]
    if (kind !== undefined && kind !== 'int64')
      throw recordError(location, `feature "text" holds ${kind}, not int64 ids`)
    if (kind === 'int64')
      ids = decodeInt64List(reader, payload, checkedEnd(reader.uint32() + reader.pos, end), location)
    else reader.skipType(tag & 7)
  }
  return ids
}

function decodeInt64List(reader: Reader, payload: Uint8Array, end: number, location: RecordLocation): Int32Array {
  // Each varint ends with the only byte below 128 in it; tags and lengths make this a little too many, never too few.
  let most = 0
  for (let i = reader.pos; i < end; i++) most += payload[i] < 128 ? 1 : 0
  const ids = new Int32Array(most)
  let count = 0
  const add = () => {
    ids[count] = readId(reader, payload, count, location)
    count++
  }
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === varint(1)) add()
    else if (tag === lengthDelimited(1)) {
      const listEnd = checkedEnd(reader.uint32() + reader.pos, end)
      while (reader.pos < listEnd) add()
    } else reader.skipType(tag & 7)
  }
  return count === most ? ids : ids.slice(0, count)
}

/** An int64 that must fit in 31 bits. uint32() drops the high bits of a longer one, so the bytes it took tell. */
function readId(reader: Reader, payload: Uint8Array, index: number, location: RecordLocation): number {
  const start = reader.pos
  const id = reader.uint32()
  const length = reader.pos - start
  if (length < 5 || (length === 5 && payload[start + 4] <= 7)) return id
  reader.pos = start
  throw recordError(location, `id ${index} is ${String(reader.int64())}; ids are 0 to 2147483647`)
}
