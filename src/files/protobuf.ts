import protobuf from 'protobufjs/minimal.js'

/** How one field of a message is read: numbers as int64 varints, text, raw bytes, or a message; once or repeated. */
export interface Field<T> {
  /** The value for a message without the field. */
  readonly empty: () => T
  read(reader: protobuf.Reader, wireType: number, before: T): T
}

/** The fields of a message to read, by the names of the result; others are skipped. */
export type Fields<M> = { readonly [K in keyof M]: readonly [number: number, field: Field<M[K]>] }

const BYTES = 2

const once = <T>(empty: T, read: (reader: protobuf.Reader) => T): Field<T> => ({
  empty: () => empty,
  read,
})

export const integer = once(0, (reader) => Number(reader.int64()))
export const text = once('', (reader) => reader.string())
export const raw = once<Uint8Array>(new Uint8Array(0), (reader) => reader.bytes())

/** Repeated numbers, packed or one by one. */
export const integers: Field<readonly number[]> = {
  empty: () => [],
  read(reader, wireType, before) {
    const list = before as number[]
    if (wireType !== BYTES) list.push(Number(reader.int64()))
    else for (const end = reader.uint32() + reader.pos; reader.pos < end;) list.push(Number(reader.int64()))
    return list
  },
}

/** A message; `absent` is the value if there is none. */
export const message = <M extends object, A = null>(fields: () => Fields<M>, absent: A = null as A): Field<M | A> =>
  once<M | A>(absent, (reader) => decode(reader.bytes(), fields()))

export const messages = <M extends object>(fields: () => Fields<M>): Field<readonly M[]> => ({
  empty: () => [],
  read(reader, _, before) {
    ;(before as M[]).push(decode(reader.bytes(), fields()))
    return before
  },
})

/** Repeated messages, as bytes. */
export const raws: Field<readonly Uint8Array[]> = {
  empty: () => [],
  read(reader, _, before) {
    ;(before as Uint8Array[]).push(reader.bytes())
    return before
  },
}

/** The fields of a message, without those of these numbers, as they are encoded. */
export function without(bytes: Uint8Array, numbers: ReadonlySet<number>): Uint8Array {
  const reader = protobuf.Reader.create(bytes)
  const kept: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const start = reader.pos
    const tag = reader.uint32()
    reader.skipType(tag & 7)
    if (!numbers.has(tag >>> 3)) kept.push(bytes.subarray(start, reader.pos))
  }
  return concatenate(kept)
}

/** A message of these fields: numbers as varints, texts and messages as bytes; lists are repeated, null is left out. */
export function encode(fields: readonly (readonly [number: number, value: Encodable])[]): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const [number, value] of fields) {
    for (const each of Array.isArray(value) ? (value as readonly (number | string | Uint8Array)[]) : [value]) {
      if (typeof each === 'number') writer.uint32(number * 8).int64(each)
      else if (typeof each === 'string') writer.uint32(number * 8 + BYTES).string(each)
      else if (each !== null) writer.uint32(number * 8 + BYTES).bytes(each as Uint8Array)
    }
  }
  return writer.finish()
}

type Encodable = number | string | Uint8Array | null | readonly (number | string | Uint8Array)[]

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

/** Reads a protobuf message by a table of its fields; no generated code. Throws RangeError for malformed bytes. */
export function decode<M extends object>(bytes: Uint8Array, fields: Fields<M>): M {
  const names = Object.keys(fields) as (keyof M)[]
  const byNumber = new Map(names.map((name) => [fields[name][0], name]))
  const result = Object.fromEntries(names.map((name) => [name, fields[name][1].empty()])) as M
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const name = byNumber.get(tag >>> 3)
    if (name === undefined) reader.skipType(tag & 7)
    else result[name] = fields[name][1].read(reader, tag & 7, result[name])
  }
  return result
}
