import { isFloat, type DType, type Direction } from '../../tensor/index.js'
import { typeOf } from './wgsl.js'

/** One element of an elementwise operation in WGSL, from the operands' names; `from` is the last operand's dtype. */
type Element = (operands: readonly string[], from: DType, attributes: any, to: DType) => string

const call =
  (name: string): Element =>
  (operands) =>
    `${name}(${operands.join(', ')})`
const between =
  (operator: string): Element =>
  ([a, b]) =>
    `(${a} ${operator} ${b})`
/** The larger or smaller one; NaN if any is. */
const extreme =
  (order: '<' | '>', name: 'max' | 'min'): Element =>
  ([a, b], dtype) =>
    isFloat(dtype) ? `select(select(${b}, ${a}, ${a} ${order} ${b}), ${a}, isNan(${a}))` : `${name}(${a}, ${b})`
const shift =
  (left: boolean): Element =>
  ([a, b], dtype) => {
    const type = typeOf(dtype)
    const by = dtype === 'u32' ? b : `bitcast<u32>(${b})`
    const moved = left ? `${a} << (${by} & 31u)` : `bitcast<${type}>(bitcast<u32>(${a}) >> (${by} & 31u))`
    return `select(${moved}, ${type}(0), ${by} > 31u)`
  }
const OPERATORS: Record<Direction, string> = { EQ: '==', NE: '!=', LT: '<', LE: '<=', GT: '>', GE: '>=' }

/** Elementwise primitives by name. What does not fit follows XLA, as in host/expressions.ts. */
export const ELEMENTS: Readonly<Record<string, Element>> = {
  neg: ([a], dtype) => (dtype === 'u32' ? `(0u - ${a})` : `(-${a})`),
  abs: call('abs'),
  sign: ([a], dtype) => (isFloat(dtype) ? `select(select(${a}, -1.0, ${a} < 0.0), 1.0, ${a} > 0.0)` : `sign(${a})`),
  not: ([a], dtype) => (dtype === 'bool' ? `(${a} ^ 1u)` : `(~${a})`),
  exp: call('expOf'),
  expm1: call('expm1Of'),
  log: call('logOf'),
  log1p: call('log1pOf'),
  sqrt: call('sqrt'),
  rsqrt: call('inverseSqrt'),
  tanh: call('tanhOf'),
  sin: ([a]) => `turned(${a}, 0)`,
  cos: ([a]) => `turned(${a}, 1)`,
  sigmoid: call('sigmoidOf'),
  floor: call('floor'),
  add: between('+'),
  sub: between('-'),
  mul: between('*'),
  div: ([a, b], dtype) => {
    if (isFloat(dtype)) return `(${a} / ${b})`
    const type = typeOf(dtype)
    return `select(${a} / ${b}, ~${type}(0), ${b} == ${type}(0))`
  },
  pow: call('powOf'),
  maximum: extreme('>', 'max'),
  minimum: extreme('<', 'min'),
  remainder: ([a, b], dtype) =>
    isFloat(dtype) ? `(${a} % ${b})` : `select(${a} % ${b}, ${a}, ${b} == ${typeOf(dtype)}(0))`,
  and: between('&'),
  or: between('|'),
  xor: between('^'),
  shiftLeft: shift(true),
  shiftRight: shift(false),
  compare: ([a, b], dtype, { direction }: { direction: Direction }) => {
    const plain = `select(0u, 1u, ${a} ${OPERATORS[direction]} ${b})`
    if (!isFloat(dtype)) return plain
    return `select(${plain}, ${direction === 'NE' ? '1u' : '0u'}, isNan(${a}) || isNan(${b}))`
  },
  select: ([which, a, b]) => `select(${b}, ${a}, ${which} != 0u)`,
  cast: ([a], from, _, to) => {
    const type = typeOf(from)
    if (to === 'bool') return `select(0u, 1u, ${a} != ${type}(0)${isFloat(from) ? ` || isNan(${a})` : ''})`
    if (isFloat(to)) return isFloat(from) ? a : `f32(${a})`
    if (!isFloat(from)) return from === 'bool' ? `${typeOf(to)}(${a})` : `bitcast<${typeOf(to)}>(${a})`
    // Towards 0, to the nearest end of the range outside of it, NaN to 0.
    if (to === 'i32')
      return `select(select(select(i32(${a}), 2147483647, ${a} >= 2147483648.0), i32(-2147483648), ${a} <= -2147483648.0), 0, isNan(${a}))`
    return `select(select(0u, u32(${a}), ${a} > 0.0), 4294967295u, ${a} >= 4294967296.0)`
  },
}
