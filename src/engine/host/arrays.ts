import { isFloat, type DType } from '../../tensor/dtype.js'
import { productOf } from '../../tensor/dim.js'
import { roundToBf16 } from '../half.js'

/** The typed array of each dtype: floats of all kinds as f32, u32 as the i32 of the same bits, booleans as 0 and 1. */
export type Numbers = Float32Array | Int32Array | Uint8Array

/** tfjs's name for what holds a dtype. */
export const HELD_AS = {
  f32: 'float32',
  bf16: 'float32',
  f16: 'float32',
  i32: 'int32',
  u32: 'int32',
  bool: 'bool',
} as const satisfies Record<DType, string>

export const ARRAY_OF = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

/** Bytes of a tensor: halves are held as f32. */
export function bytesHeld(sizes: readonly number[], dtype: DType): number {
  return productOf(sizes) * ARRAY_OF[HELD_AS[dtype]].BYTES_PER_ELEMENT
}

/** The number as it is held: rounded to its dtype, wrapped to 32 bits. */
export function held(value: number, dtype: DType): number {
  return isFloat(dtype) ? ROUND[dtype as 'f32'](value) : dtype === 'bool' ? Number(value !== 0) : value | 0
}

export function numbersOf(values: readonly number[], dtype: DType): Numbers {
  return ARRAY_OF[HELD_AS[dtype]].from(values.map((value) => held(value, dtype)))
}

const word = new Float32Array(1)
const bits = new Uint32Array(word.buffer)

/** f32 to the nearest f16, ties to even; from 65520 on infinite. */
export function toF16(x: number): number {
  const size = Math.abs(x)
  if (!(size < 65520)) return x * Infinity
  if (size < 2 ** -14) {
    // Below, numbers are multiples of 2^-24, the last place of 0.75 in f32.
    return Math.sign(x) * (Math.fround(size + 0.75) - 0.75)
  }
  word[0] = x
  const w = bits[0]
  bits[0] = w + 0xfff + ((w >>> 13) & 1)
  bits[0] &= 0xffffe000
  return word[0]
}

/** Rounding to each kind of float; of bf16 and f16 by way of f32, as XLA does. */
export const ROUND = {
  f32: Math.fround,
  bf16: roundToBf16,
  f16: (x: number) => toF16(Math.fround(x)),
} as const
