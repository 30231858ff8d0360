type Growable = Uint8Array | Int32Array | Uint32Array | Float64Array

/** The array itself if it holds `length` elements, else a copy of at least twice its size, padded with zeros. */
export function grown<T extends Growable>(array: T, length: number): T {
  if (length <= array.length) return array
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length))
  larger.set(array)
  return larger
}
