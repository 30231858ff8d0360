import type { DType } from '../tensor/dtype.js'
import type { HostData } from './engine.js'

/** Any host data as f32; bf16 and f16 from their bits. */
export function toFloats(data: HostData, dtype: DType): Float32Array {
  if (data instanceof Float32Array) return data
  if (dtype === 'bf16') return bf16ToFloats(data as Uint16Array)
  if (dtype === 'f16') return Float32Array.from(data as Uint16Array, halfToFloat)
  return Float32Array.from(data)
}

/** bf16 is the upper half of f32. */
export function bf16ToFloats(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16
  return new Float32Array(words.buffer)
}

/** The bits of the nearest bf16, ties to even, from those of an f32; NaN stays NaN. */
function bf16Bits(word: number): number {
  const nan = (word & 0x7fffffff) > 0x7f800000
  return nan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
}

/** The bits of f32 rounded to bf16, to nearest even; NaN stays NaN. */
export function floatsToBf16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < words.length; i++) bits[i] = bf16Bits(words[i])
  return bits
}

const single = new Float32Array(1)
const singleWord = new Uint32Array(single.buffer)

/** A number rounded to f32, then to the nearest bf16, ties to even. */
export function roundToBf16(value: number): number {
  single[0] = value
  singleWord[0] = bf16Bits(singleWord[0]) << 16
  return single[0]
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : (2 ** -14 * fraction) / 1024)
}

/** The bits of numbers that f16 has exactly, as `toFloats` gives them. */
export function floatsToF16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  return Uint16Array.from(values, (value, i) => {
    const sign = (words[i] >>> 16) & 0x8000
    const size = Math.abs(value)
    if (!(size < 65536)) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00)
    if (size < 2 ** -14) return sign | (size * 2 ** 24)
    return sign | (((words[i] & 0x7fffffff) - (112 << 23)) >>> 13)
  })
}
