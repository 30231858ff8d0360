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
