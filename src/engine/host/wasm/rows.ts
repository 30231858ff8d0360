import { isFloat, type DType } from '../../../tensor/index.js'
import type { Direction } from '../../../tensor/ops/compare.js'
import {
  constant,
  floats,
  get,
  integers,
  set,
  V128,
  type Code,
  type FunctionScope,
  type Imported,
} from './assembler.js'
import * as math from './math.js'
import { f32x4, i32x4, v128 } from './vector.js'

/** An operand: code that reads it, cheap to repeat, and its number where that is known beforehand. */
export interface VectorOperand {
  readonly code: Code
  readonly constant?: number
}

/**
 * Four elements of an elementwise operation as WebAssembly SIMD, or null where JavaScript has to do. Floats are f32x4, integers
 * i32x4, booleans masks of all ones or zeros. `from` is the dtype of the last operand, `to` of the result.
 */
export type Vector<A> = (
  scope: FunctionScope,
  operands: readonly VectorOperand[],
  from: DType,
  attributes: A,
  to: DType,
) => Code | null

type Binary = (a: Code, b: Code) => Code
type Unary = (a: Code) => Code

/** An instruction for floats, one for i32 and u32, and one for booleans. */
export const byDtype =
  (float: Binary | null, integer: Binary | null = null, bool: Binary | null = null): Vector<unknown> =>
  (_, [a, b], dtype) => {
    const write = isFloat(dtype) ? float : dtype === 'bool' ? bool : integer
    return write && write(a.code, b?.code ?? [])
  }

/** As `byDtype`, for operations that differ between i32 and u32. */
export const ordered =
  (float: Binary, signed: Binary, unsigned: Binary, bool: Binary): Vector<unknown> =>
  (_, [a, b], dtype) => {
    const write = isFloat(dtype) ? float : dtype === 'bool' ? bool : dtype === 'u32' ? unsigned : signed
    return write(a.code, b.code)
  }

export const unary = (float: Unary, integer: Unary | null = null) => byDtype(float, integer)

/** Integers stay in JavaScript. */
const ofFloats =
  (write: (scope: FunctionScope, a: Code) => Code): Vector<unknown> =>
  (scope, [a], dtype) =>
    isFloat(dtype) ? write(scope, a.code) : null
export const exp = ofFloats(math.exp)
export const log = ofFloats(math.log)
export const tanh = ofFloats(math.tanh)
export const sigmoid = ofFloats(math.sigmoid)
export const rsqrt = ofFloats((_, a) => f32x4.div(floats(1), f32x4.sqrt(a)))
/** Zeros keep their sign, NaN stays. */
export const sign = ofFloats((_, a) =>
  v128.select(f32x4.gt(a, floats(0)), floats(1), v128.select(f32x4.lt(a, floats(0)), floats(-1), a)),
)

export const perLane =
  (name: Imported): Vector<unknown> =>
  (scope, operands, dtype) =>
    isFloat(dtype)
      ? math.perLane(
          scope,
          name,
          operands.map(({ code }) => code),
        )
      : null

/** By a number known beforehand, which is the usual case: SIMD shifts all lanes alike. */
export const shift =
  (write: Binary): Vector<unknown> =>
  (_, [a, b]) => {
    if (b.constant === undefined) return null
    return b.constant >>> 0 > 31 ? integers(0) : write(a.code, constant(b.constant))
  }

const FLOATS: Record<Direction, Binary> = {
  EQ: f32x4.eq,
  NE: f32x4.ne,
  LT: f32x4.lt,
  LE: f32x4.le,
  GT: f32x4.gt,
  GE: f32x4.ge,
}
const SIGNED: Record<Direction, Binary> = {
  EQ: i32x4.eq,
  NE: i32x4.ne,
  LT: i32x4.ltSigned,
  LE: i32x4.leSigned,
  GT: i32x4.gtSigned,
  GE: i32x4.geSigned,
}
/** Of masks too: true is the largest number, false 0. */
const UNSIGNED: Record<Direction, Binary> = {
  EQ: i32x4.eq,
  NE: i32x4.ne,
  LT: i32x4.ltUnsigned,
  LE: i32x4.leUnsigned,
  GT: i32x4.gtUnsigned,
  GE: i32x4.geUnsigned,
}
export const compare: Vector<{ direction: Direction }> = (_, [a, b], dtype, { direction }) =>
  (isFloat(dtype) ? FLOATS : dtype === 'i32' ? SIGNED : UNSIGNED)[direction](a.code, b.code)

export const select: Vector<unknown> = (_, [which, a, b]) => v128.select(which.code, a.code, b.code)

export const cast: Vector<unknown> = (_, [{ code }], from, __, to) => {
  if (from === to) return code
  if (to === 'bool') return isFloat(from) ? f32x4.ne(code, floats(0)) : i32x4.ne(code, integers(0))
  if (isFloat(to)) {
    if (isFloat(from)) return code
    if (from === 'bool') return v128.and(code, floats(1))
    return from === 'u32' ? f32x4.convertUnsigned(code) : f32x4.convertSigned(code)
  }
  if (from === 'bool') return i32x4.neg(code)
  if (!isFloat(from)) return code
  return to === 'u32' ? i32x4.truncateUnsigned(code) : i32x4.truncateSigned(code)
}

/** A float's value rounded to its dtype; null of a dtype that only JavaScript rounds to. */
export function rounded(scope: FunctionScope, value: Code, dtype: DType): Code | null {
  if (dtype === 'f16') return null
  return dtype === 'bf16' ? math.toBf16(scope, value) : value
}

/** The number in all lanes, as its dtype is held in registers. */
export function splat(value: number, dtype: DType): Code {
  if (isFloat(dtype)) return floats(value)
  return integers(dtype === 'bool' ? -value : value)
}

/** A variable with the value, and how to read it. */
export function variable(scope: FunctionScope, value: Code): { readonly code: Code; readonly read: Code } {
  const local = scope.local(V128)
  return { code: set(local, value), read: get(local) }
}
