import { isFloat } from '../dtype.js'
import { OpError } from '../errors.js'
import { primitive } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { fill } from './fill.js'
import { compare } from './compare.js'
import { where } from './select.js'
import { ELEMENTWISE, IDENTITY, TRANSCENDENTAL, type Traits } from '../traits.js'

/** An elementwise function of floats; `gradient(grad, x, y)` is the gradient of x given that of y = f(x). */
function smooth<const P extends string>(
  name: P,
  gradient: (grad: Tensor, x: Tensor, y: Tensor) => Tensor | null,
  traits: Traits<unknown> = ELEMENTWISE,
) {
  return primitive(name, {
    result([x], _: Record<string, never>) {
      if (!isFloat(x.dtype)) throw new OpError(name, [x], `needs floats, not ${x.dtype}`, 'cast it first: .cast("f32")')
      return { dims: x.dims, dtype: x.dtype }
    },
    gradient: ({ inputs: [x], outputs: [y], grad }) => [gradient(grad, x, y)],
    show: () => ({}),
    traits,
  })
}

export const expOp = smooth('exp', (grad, _, y) => grad.mul(y), TRANSCENDENTAL)
export const logOp = smooth('log', (grad, x) => grad.div(x), TRANSCENDENTAL)
export const log1pOp = smooth('log1p', (grad, x) => grad.div(x.add(1)), TRANSCENDENTAL)
export const expm1Op = smooth('expm1', (grad, _, y) => grad.mul(y.add(1)), TRANSCENDENTAL)
export const sqrtOp = smooth('sqrt', (grad, _, y) => grad.mul(0.5).div(y))
export const rsqrtOp = smooth('rsqrt', (grad, x, y) => grad.mul(-0.5).mul(y).div(x))
export const tanhOp = smooth('tanh', (grad, _, y) => grad.sub(grad.mul(y.square())), TRANSCENDENTAL)
export const sinOp = smooth('sin', (grad, x) => grad.mul(cos(x)), TRANSCENDENTAL)
export const cosOp = smooth('cos', (grad, x) => grad.mul(sin(x)).neg(), TRANSCENDENTAL)
/** 1 / (1 + e^-x). */
export const sigmoidOp = smooth('sigmoid', (grad, _, y) => grad.mul(y).sub(grad.mul(y.square())), TRANSCENDENTAL)
export const floorOp = smooth('floor', () => null)

export const negOp = primitive('neg', {
  result([x], _: Record<string, never>) {
    if (x.dtype === 'bool') throw new OpError('neg', [x], 'needs numbers, not bool')
    return { dims: x.dims, dtype: x.dtype }
  },
  gradient: ({ grad }) => [grad.neg()],
  show: () => ({}),
  traits: ELEMENTWISE,
})
export const absOp = primitive('abs', {
  result([x], _: Record<string, never>) {
    if (x.dtype === 'bool' || x.dtype === 'u32') throw new OpError('abs', [x], `needs signed numbers, not ${x.dtype}`)
    return { dims: x.dims, dtype: x.dtype }
  },
  gradient: ({ inputs: [x], grad }) => [grad.mul(sign(x))],
  show: () => ({}),
  traits: ELEMENTWISE,
})
/** -1, 0 or 1. */
export const signOp = primitive('sign', {
  result([x], _: Record<string, never>) {
    if (x.dtype === 'bool' || x.dtype === 'u32') throw new OpError('sign', [x], `needs signed numbers, not ${x.dtype}`)
    return { dims: x.dims, dtype: x.dtype }
  },
  gradient: () => [null],
  show: () => ({}),
  traits: ELEMENTWISE,
})
/** Logical not of booleans, bitwise not of integers. */
export const notOp = primitive('not', {
  result([x], _: Record<string, never>) {
    if (isFloat(x.dtype)) throw new OpError('not', [x], `needs booleans or integers, not ${x.dtype}`)
    return { dims: x.dims, dtype: x.dtype }
  },
  gradient: () => [null],
  show: () => ({}),
  traits: ELEMENTWISE,
})
/** The same numbers, constant to gradients. */
export const stopGradientOp = primitive('stopGradient', {
  result: ([x], _: Record<string, never>) => ({ dims: x.dims, dtype: x.dtype }),
  gradient: () => [null],
  show: () => ({}),
  traits: IDENTITY,
})

/** e^x. */
export const exp = <N extends string>(x: Tensor<N>): Tensor<N> => expOp([x], {})
/** Natural logarithm. */
export const log = <N extends string>(x: Tensor<N>): Tensor<N> => logOp([x], {})
/** log(1 + x), exact near 0. */
export const log1p = <N extends string>(x: Tensor<N>): Tensor<N> => log1pOp([x], {})
/** e^x - 1, exact near 0. */
export const expm1 = <N extends string>(x: Tensor<N>): Tensor<N> => expm1Op([x], {})
/** Square root. */
export const sqrt = <N extends string>(x: Tensor<N>): Tensor<N> => sqrtOp([x], {})
/** 1 / sqrt(x). */
export const rsqrt = <N extends string>(x: Tensor<N>): Tensor<N> => rsqrtOp([x], {})
/** Hyperbolic tangent. */
export const tanh = <N extends string>(x: Tensor<N>): Tensor<N> => tanhOp([x], {})
/** Sine of radians. */
export const sin = <N extends string>(x: Tensor<N>): Tensor<N> => sinOp([x], {})
/** Cosine of radians. */
export const cos = <N extends string>(x: Tensor<N>): Tensor<N> => cosOp([x], {})
/** 1 / (1 + e^-x). */
export const sigmoid = <N extends string>(x: Tensor<N>): Tensor<N> => sigmoidOp([x], {})
/** Largest integer not above x. No gradient flows. */
export const floor = <N extends string>(x: Tensor<N>): Tensor<N> => floorOp([x], {})
/** -x. */
export const neg = <N extends string>(x: Tensor<N>): Tensor<N> => negOp([x], {})
/** Absolute value. */
export const abs = <N extends string>(x: Tensor<N>): Tensor<N> => absOp([x], {})
/** -1, 0 or 1. */
export const sign = <N extends string>(x: Tensor<N>): Tensor<N> => signOp([x], {})
/** Not: of booleans logical, of integers bitwise. */
export const not = <N extends string>(x: Tensor<N>): Tensor<N> => notOp([x], {})
/** The same values, constant to gradients. */
export const stopGradient = <N extends string>(x: Tensor<N>): Tensor<N> => stopGradientOp([x], {})
/** x * x. */
export const square = <N extends string>(x: Tensor<N>): Tensor<N> => x.mul(x)

/** max(x, 0), NaN of NaN; the gradient at 0 is 0. */
export function relu<N extends string>(x: Tensor<N>): Tensor<N> {
  return where(compare(x, 'LE', 0), fill(x.dims, 0, x.dtype), x)
}
