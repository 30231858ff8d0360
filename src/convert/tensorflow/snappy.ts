/**
 * Decompression of raw Snappy: the uncompressed length, then literals and copies of what was already put out.
 * Source: google/snappy format_description.txt.
 */
import protobuf from 'protobufjs/minimal.js'

/** The uncompressed bytes. Throws RangeError where the data is not Snappy. */
export function uncompressSnappy(data: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(data)
  const size = reader.uint32()
  // Three bytes give at most 64: a corrupt length must not reserve memory.
  if (size > 32 * data.length) throw new RangeError(`${data.length} bytes of Snappy cannot hold ${size}`)
  const out = new Uint8Array(size)
  let from = reader.pos
  let to = 0

  /** An unsigned little-endian number of 0 to 4 bytes. */
  function number(bytes: number): number {
    let value = 0
    for (let i = 0; i < bytes; i++) value += byte() * 2 ** (8 * i)
    return value
  }
  function byte(): number {
    if (from >= data.length) throw new RangeError('Snappy data is cut off')
    return data[from++]
  }
  function room(length: number): void {
    if (to + length > size) throw new RangeError(`Snappy data goes beyond its length, ${size}`)
  }

  while (from < data.length) {
    const tag = byte()
    if ((tag & 3) === 0) {
      const short = tag >> 2
      const length = 1 + (short < 60 ? short : number(short - 59))
      room(length)
      if (from + length > data.length) throw new RangeError('Snappy data is cut off')
      out.set(data.subarray(from, from + length), to)
      from += length
      to += length
      continue
    }
    const length = (tag & 3) === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
    const offset = (tag & 3) === 1 ? (tag >> 5) * 256 + byte() : number((tag & 3) === 2 ? 2 : 4)
    room(length)
    if (offset === 0 || offset > to) throw new RangeError(`Snappy data copies from ${offset} bytes before byte ${to}`)
    // Byte by byte: a copy may overlap what it writes, which repeats a pattern.
    for (const end = to + length; to < end; to++) out[to] = out[to - offset]
  }
  if (to !== size) throw new RangeError(`Snappy data ends at byte ${to} of ${size}`)
  return out
}
