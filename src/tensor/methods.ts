import { add, div, maximum, minimum, mul, pow, sub } from './ops/binary.js'
import { cast } from './ops/cast.js'
import { compare, type Direction } from './ops/compare.js'
import { max, mean, min, sum } from './ops/reduce.js'
import { rename } from './ops/reshape.js'
import { abs, exp, log, neg, rsqrt, sqrt, square, tanh } from './ops/unary.js'
import { Tensor } from './tensor.js'

/** A function of a tensor and more as its method. */
const method = (f: (x: any, ...rest: any[]) => unknown) =>
  function (this: Tensor, ...rest: unknown[]) {
    return f(this, ...rest)
  }
const comparison = (direction: Direction) => method((x, other) => compare(x, direction, other))

const METHODS = {
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  neg,
  exp,
  log,
  sqrt,
  rsqrt,
  square,
  tanh,
  abs,
  cast,
  rename,
  sum,
  mean,
  max,
  min,
} satisfies Partial<Record<keyof Tensor, unknown>>

/** Attaches the methods of `Tensor`. What records a program imports this file, so that no tensor is without them. */
for (const [name, f] of Object.entries(METHODS)) Object.defineProperty(Tensor.prototype, name, { value: method(f) })
for (const [name, direction] of Object.entries({
  less: 'LT',
  lessEqual: 'LE',
  greater: 'GT',
  greaterEqual: 'GE',
  equal: 'EQ',
  notEqual: 'NE',
} satisfies Partial<Record<keyof Tensor, Direction>>))
  Object.defineProperty(Tensor.prototype, name, { value: comparison(direction) })
