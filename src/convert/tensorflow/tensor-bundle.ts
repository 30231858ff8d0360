/**
 * The protocol buffers in a TensorFlow checkpoint's index: one BundleHeaderProto under the empty key, one
 * BundleEntryProto for each tensor under its name. Source: tensorflow/core/protobuf/tensor_bundle.proto,
 * framework/types.proto.
 */
import protobuf from 'protobufjs/minimal.js'

/** TensorFlow's number and name of each dtype that may stand in a checkpoint. */
const dtypes: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'float64',
  3: 'int32',
  4: 'uint8',
  5: 'int16',
  6: 'int8',
  7: 'string',
  8: 'complex64',
  9: 'int64',
  10: 'bool',
  14: 'bfloat16',
  17: 'uint16',
  18: 'complex128',
  19: 'float16',
  20: 'resource',
  21: 'variant',
  22: 'uint32',
  23: 'uint64',
}

export interface BundleHeader {
  readonly shards: number
  readonly bigEndian: boolean
  /** Oldest version of the format that a reader has to know. */
  readonly minimumVersion: number
}

export interface BundleEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly shard: number
  readonly offset: number
  readonly size: number
  /** Masked. */
  readonly crc32c: number
  /** Parts that a partitioned variable is stored in; 0 for a whole one. */
  readonly slices: number
}

export function decodeHeader(bytes: Uint8Array): BundleHeader {
  const header = { shards: 0, bigEndian: false, minimumVersion: 0 }
  eachField(protobuf.Reader.create(bytes), bytes.length, {
    1: (reader) => (header.shards = reader.int32()),
    2: (reader) => (header.bigEndian = reader.int32() === 1),
    3: (reader) => message(reader, { 2: () => (header.minimumVersion = reader.int32()) }),
  })
  return header
}

export function decodeEntry(bytes: Uint8Array): BundleEntry {
  const entry = { dtype: 'none', shard: 0, offset: 0, size: 0, crc32c: 0, slices: 0 }
  const shape: number[] = []
  eachField(protobuf.Reader.create(bytes), bytes.length, {
    1: (reader) => (entry.dtype = nameOf(reader.int32())),
    2: (reader) => message(reader, { 2: () => shape.push(sizeOf(reader)) }),
    3: (reader) => (entry.shard = reader.int32()),
    4: (reader) => (entry.offset = Number(reader.int64())),
    5: (reader) => (entry.size = Number(reader.int64())),
    6: (reader) => (entry.crc32c = reader.fixed32()),
    7: (reader) => {
      entry.slices++
      message(reader, {})
    },
  })
  return { ...entry, shape }
}

/** Size of a TensorShapeProto.Dim. */
function sizeOf(reader: protobuf.Reader): number {
  let size = 0
  message(reader, { 1: () => (size = Number(reader.int64())) })
  return size
}

function nameOf(dtype: number): string {
  return dtypes[dtype] ?? `dtype ${dtype}`
}

type Fields = Readonly<Record<number, (reader: protobuf.Reader) => unknown>>

/** A message inside another, its length first. */
function message(reader: protobuf.Reader, fields: Fields): void {
  const length = reader.uint32()
  eachField(reader, reader.pos + length, fields)
}

function eachField(reader: protobuf.Reader, end: number, fields: Fields): void {
  while (reader.pos < end) {
    const tag = reader.uint32()
    const field = fields[tag >>> 3]
    if (field === undefined) reader.skipType(tag & 7)
    else field(reader)
  }
  if (reader.pos !== end) throw new RangeError(`a message ends at byte ${reader.pos} instead of ${end}`)
}
