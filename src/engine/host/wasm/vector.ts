import { integers, simd, type Code } from './assembler.js'

/** Instructions on four lanes of 32 bits, by name as in the specification. */
const unary = (code: number) => (a: Code) => simd(code, a)
const binary = (code: number) => (a: Code, b: Code) => simd(code, a, b)

export const f32x4 = {
  eq: binary(0x41),
  ne: binary(0x42),
  lt: binary(0x43),
  gt: binary(0x44),
  le: binary(0x45),
  ge: binary(0x46),
  floor: unary(0x68),
  nearest: unary(0x6a),
  abs: unary(0xe0),
  neg: unary(0xe1),
  sqrt: unary(0xe3),
  add: binary(0xe4),
  sub: binary(0xe5),
  mul: binary(0xe6),
  div: binary(0xe7),
  min: binary(0xe8),
  max: binary(0xe9),
  convertSigned: unary(0xfa),
  convertUnsigned: unary(0xfb),
  /** Of two f64, with zeros in the upper lanes. */
  demote: unary(0x5e),
}

export const i32x4 = {
  splat: unary(0x11),
  eq: binary(0x37),
  ne: binary(0x38),
  ltSigned: binary(0x39),
  ltUnsigned: binary(0x3a),
  gtSigned: binary(0x3b),
  gtUnsigned: binary(0x3c),
  leSigned: binary(0x3d),
  leUnsigned: binary(0x3e),
  geSigned: binary(0x3f),
  geUnsigned: binary(0x40),
  abs: unary(0xa0),
  neg: unary(0xa1),
  /** The second operand is one i32. */
  shl: binary(0xab),
  shrSigned: binary(0xac),
  shrUnsigned: binary(0xad),
  add: binary(0xae),
  sub: binary(0xb1),
  mul: binary(0xb5),
  minSigned: binary(0xb6),
  minUnsigned: binary(0xb7),
  maxSigned: binary(0xb8),
  maxUnsigned: binary(0xb9),
  /** To the nearest end of the range outside of it, NaN to 0. */
  truncateSigned: unary(0xf8),
  truncateUnsigned: unary(0xf9),
}

export const v128 = {
  not: unary(0x4d),
  and: binary(0x4e),
  andNot: binary(0x4f),
  or: binary(0x50),
  xor: binary(0x51),
  /** Bits of a where the mask has ones, else of b. */
  select: (mask: Code, a: Code, b: Code) => simd(0x52, a, b, mask),
}

export const f64x2 = {
  add: binary(0xf0),
  /** Of the lower two f32. */
  promote: unary(0x5f),
}

const ZEROS = integers(0)
const extendBytes = unary(0x89)
const extendShorts = unary(0xa9)
const narrowWords = binary(0x85)
const narrowShorts = binary(0x66)

/** Four bytes in the lowest word to four words. */
export const bytesToWords = (a: Code): Code => extendShorts(extendBytes(a))
/** Four words below 256 to four bytes in the lowest word; the rest is zeros. */
export const wordsToBytes = (a: Code): Code => narrowShorts(narrowWords(a, ZEROS), ZEROS)
