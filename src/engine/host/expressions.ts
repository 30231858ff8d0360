import { isFloat, type DType } from '../../tensor/dtype.js'
import type { Direction } from '../../tensor/ops/compare.js'

/** One element of an elementwise operation as JavaScript, from the operands' names. Holds as arrays.ts says. */
export type Expression<A> = (operands: readonly string[], dtype: DType, attributes: A, to: DType) => string

const unsigned = (x: string, dtype: DType) => (dtype === 'u32' ? `(${x} >>> 0)` : x)

/** The same for all dtypes. */
export const plain =
  (write: (a: string, b: string, c: string) => string): Expression<unknown> =>
  ([a, b, c]) =>
    write(a, b, c)

/** One way for floats, another for i32, u32 and booleans. */
export const either =
  (floats: (a: string, b: string) => string, others: (a: string, b: string) => string): Expression<unknown> =>
  ([a, b], dtype) =>
    isFloat(dtype) ? floats(a, b) : others(unsigned(a, dtype), unsigned(b, dtype))

export const call =
  (name: string): Expression<unknown> =>
  (operands) =>
    `Math.${name}(${operands.join(', ')})`

/** 0 / 0 and what does not fit follow XLA: x / 0 has all bits set, x % 0 is x. */
export const divide = either(
  (a, b) => `${a} / ${b}`,
  (a, b) => `(${b} === 0 ? -1 : (${a} / ${b}) | 0)`,
)
export const remainder = either(
  (a, b) => `${a} % ${b}`,
  (a, b) => `(${b} === 0 ? ${a} | 0 : (${a} % ${b}) | 0)`,
)

/** The larger or smaller one; NaN if any is. */
export const extreme = (which: 'max' | 'min'): Expression<unknown> => {
  const order = which === 'max' ? '>' : '<'
  return ([a, b], dtype) =>
    isFloat(dtype)
      ? `Math.${which}(${a}, ${b})`
      : `(${unsigned(a, dtype)} ${order} ${unsigned(b, dtype)} ? ${a} : ${b})`
}

/** Two thirds of the time of Math.tanh, and exact in f32; close to 0 it is its argument. */
export const tanh = plain((a) => `(Math.abs(${a}) < 1e-4 ? ${a} : 1 - 2 / (Math.exp(2 * ${a}) + 1))`)

/** JavaScript says NaN where IEEE 754 says 1: 1 to any power, and -1 to an infinite one. */
export const power: Expression<unknown> = ([a, b]) =>
  `(${a} === 1 || (${a} === -1 && (${b} === Infinity || ${b} === -Infinity)) ? 1 : Math.pow(${a}, ${b}))`

export const shift =
  (operator: '<<' | '>>>'): Expression<unknown> =>
  ([a, b]) =>
    `(${b} >>> 0 > 31 ? 0 : (${a} ${operator} ${b}) | 0)`

export const not: Expression<unknown> = ([a], dtype) => (dtype === 'bool' ? `${a} ^ 1` : `~${a}`)

/** Zeros keep their sign, NaN stays. */
export const sign = plain((a) => `(${a} > 0 ? 1 : ${a} < 0 ? -1 : ${a})`)

const OPERATORS: Record<Direction, string> = { EQ: '===', NE: '!==', LT: '<', LE: '<=', GT: '>', GE: '>=' }
export const compare: Expression<{ direction: Direction }> = ([a, b], dtype, { direction }) =>
  `(${unsigned(a, dtype)} ${OPERATORS[direction]} ${unsigned(b, dtype)} ? 1 : 0)`

/** Floats to integers: towards 0, to the nearest end of the range outside of it, NaN to 0. */
export const cast: Expression<unknown> = ([a], from, _, to) => {
  if (to === 'bool') return `(${a} !== 0 ? 1 : 0)`
  if (isFloat(to)) return unsigned(a, from)
  if (!isFloat(from)) return a
  if (to === 'i32') return `(${a} >= 2147483648 ? 2147483647 : ${a} <= -2147483648 ? -2147483648 : ${a} | 0)`
  return `(${a} > 0 ? (${a} >= 4294967296 ? -1 : Math.floor(${a}) | 0) : 0)`
}
