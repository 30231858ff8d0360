/**
 * Memory that native code reads and writes: ArrayBuffers, whose backing store never moves (Node's own file reads rely
 * on it), so nothing has to be freed and a stale pointer cannot exist while the owner is held. Little-endian, 64-bit
 * platforms only.
 */
import koffi from 'koffi'

/** A PJRT struct: where its fields are. A bare number is the offset of eight bytes (pointer, size_t, int64). */
export interface Layout {
  /** Bytes up to the end of the last field, which is what PJRT wants in struct_size (not C's sizeof). */
  size: number
  fields: Record<string, number | SmallField>
}
export interface SmallField {
  offset: number
  kind: 'i32' | 'bool' | 'f32'
}
export type FieldOf<L extends Layout> = keyof L['fields'] & string

/** What a field can be set to; blocks and structs are written as their address and kept alive with the struct. */
export type FieldValue = bigint | number | boolean | null | { readonly address: bigint }

/**
 * Plugins newer than our layouts write fields we do not know, past the size we gave them; some old ones did so by
 * mistake.
 */
const SPARE_BYTES = 64

/** An array at a fixed address. Holding the block holds the memory. */
export interface Block<A extends ArrayBufferView = ArrayBufferView> {
  readonly address: bigint
  readonly array: A
}

export function pin<A extends ArrayBufferView>(array: A): Block<A> {
  return { address: koffi.address(array), array }
}

/** UTF-8 bytes of a string, without a terminating zero: PJRT takes sizes. */
export function pinText(text: string): Block<Uint8Array> {
  return pin(new TextEncoder().encode(text))
}

/**
 * A list of 64-bit words (pointers, sizes, dims); never empty, since some plugins check the pointer of an empty list.
 */
export function pinWords(words: readonly (bigint | number)[]): Block<BigInt64Array> {
  const array = new BigInt64Array(Math.max(1, words.length))
  for (const [i, word] of words.entries()) array[i] = BigInt.asIntN(64, BigInt(word))
  return pin(array)
}

/** One instance of a PJRT struct, zeroed, struct_size filled in. */
export class Struct<L extends Layout = Layout> {
  readonly address: bigint
  private readonly words: BigUint64Array
  private readonly view: DataView
  private readonly held: Record<string, unknown> = {}

  constructor(
    readonly layout: L,
    values: { [field in FieldOf<L>]?: FieldValue } = {},
  ) {
    const bytes = new ArrayBuffer(Math.ceil((layout.size + SPARE_BYTES) / 8) * 8)
    this.address = koffi.address(bytes)
    this.words = new BigUint64Array(bytes)
    this.view = new DataView(bytes)
    this.words[0] = BigInt(layout.size)
    this.set(values)
  }

  set(values: { [field in FieldOf<L>]?: FieldValue }): void {
    for (const name in values) {
      const value = values[name] as FieldValue
      if (typeof value === 'object' && value !== null) {
        this.held[name] = value
        this.write(name, value.address)
      } else this.write(name, value ?? 0n)
    }
  }

  private write(name: string, value: bigint | number | boolean): void {
    const field = this.layout.fields[name]
    if (typeof field === 'number') this.words[field >> 3] = BigInt.asUintN(64, BigInt(value))
    else if (field.kind === 'i32') this.view.setInt32(field.offset, Number(value), true)
    else if (field.kind === 'f32') this.view.setFloat32(field.offset, Number(value), true)
    else this.view.setUint8(field.offset, value ? 1 : 0)
  }

  /** A pointer or unsigned 64-bit field. */
  word(name: FieldOf<L>): bigint {
    return this.words[(this.layout.fields[name] as number) >> 3]
  }

  /** A size, count, int32, float32 or bool field, as a number. */
  number(name: FieldOf<L>): number {
    const field = this.layout.fields[name]
    if (typeof field === 'number') return Number(BigInt.asIntN(64, this.words[field >> 3]))
    if (field.kind === 'i32') return this.view.getInt32(field.offset, true)
    return field.kind === 'f32' ? this.view.getFloat32(field.offset, true) : this.view.getUint8(field.offset)
  }

  /** Text given as pointer and size. */
  text(pointer: FieldOf<L>, size: FieldOf<L>): string {
    return textAt(this.word(pointer), this.number(size))
  }

  /** A list of 64-bit words given as pointer and count. */
  list(pointer: FieldOf<L>, count: FieldOf<L>): bigint[] {
    return wordsAt(this.word(pointer), this.number(count))
  }
}

/** A copy of foreign memory. */
export function bytesAt(address: bigint, size: number): Uint8Array {
  return size === 0 ? new Uint8Array(0) : new Uint8Array(koffi.view(address, size)).slice()
}
export function wordsAt(address: bigint, count: number): bigint[] {
  return [...new BigInt64Array(bytesAt(address, count * 8).buffer)]
}
export function int32At(address: bigint, count: number): number[] {
  return [...new Int32Array(bytesAt(address, count * 4).buffer)]
}
export function textAt(address: bigint, size: number): string {
  return new TextDecoder().decode(bytesAt(address, size))
}
