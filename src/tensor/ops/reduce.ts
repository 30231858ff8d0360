import { sizeOf, type Dim } from '../dim.js'
import { isFloat } from '../dtype.js'
import { axisOf, OpError } from '../errors.js'
import { primitive, type Shape } from '../primitive.js'
import type { Tensor, Value } from '../tensor.js'
import { broadcast } from './broadcast.js'
import { cast } from './cast.js'
import { compare } from './compare.js'
import { constant } from './constant.js'
import { where } from './select.js'
import { REDUCTION } from '../traits.js'

export interface Axes {
  readonly axes: readonly number[]
}

function reduced(name: string, x: Shape, { axes }: Axes): Shape {
  if (x.dtype === 'bool' && name !== 'reduceMax' && name !== 'reduceMin')
    throw new OpError(name, [x], 'needs numbers, not bool', 'cast it first')
  return { dims: x.dims.filter((_, axis) => !axes.includes(axis)), dtype: x.dtype }
}

/** Extremes share the gradient equally between tied elements. */
function extremeGradient(x: Tensor, y: Tensor, grad: Tensor): Tensor {
  const hit = cast(compare(x, 'EQ', broadcast(y, x.dims)), grad.dtype)
  const count = sumOver(
    hit,
    x.dims.filter(({ name }) => !y.dims.some((kept) => kept.name === name)),
  )
  return hit.mul(broadcast(grad.div(count), x.dims))
}

/** Where a mesh splits an axis that is reduced, each device has a part of the sum. */
const SUMMED = { ...REDUCTION, sums: ({ axes }: Axes) => [axes] }

export const reduceSumOp = primitive('reduceSum', {
  result: ([x], attributes: Axes) => reduced('reduceSum', x, attributes),
  gradient: ({ inputs: [x], grad }) => [broadcast(grad, x.dims)],
  show: ({ axes }) => ({ axes }),
  traits: SUMMED,
})
export const reduceMaxOp = primitive('reduceMax', {
  result: ([x], attributes: Axes) => reduced('reduceMax', x, attributes),
  gradient: ({ inputs: [x], outputs: [y], grad }) => [extremeGradient(x, y, grad)],
  show: ({ axes }) => ({ axes }),
  traits: SUMMED,
})
export const reduceMinOp = primitive('reduceMin', {
  result: ([x], attributes: Axes) => reduced('reduceMin', x, attributes),
  gradient: ({ inputs: [x], outputs: [y], grad }) => [extremeGradient(x, y, grad)],
  show: ({ axes }) => ({ axes }),
  traits: SUMMED,
})
/** Index of the largest element along one axis, the first at a tie; NaN counts as the largest. i32. */
export const argmaxOp = primitive('argmax', {
  result: ([x], { axis }: { axis: number }) => ({ dims: x.dims.filter((_, i) => i !== axis), dtype: 'i32' }),
  gradient: () => [null],
  show: ({ axis }) => ({ axis }),
  traits: REDUCTION,
})

/** Sum over the dims given; over all of them, to a scalar, when none is given. */
export function sum(x: Value): Tensor<never>
export function sum<N extends string, R extends N>(x: Tensor<N>, ...over: Dim<R>[]): Tensor<Exclude<N, R>>
export function sum(x: Value, ...over: Dim[]): Value {
  return reduceSumOp([x], { axes: axesOf('sum', x, over) })
}

/** Largest element over the dims given; over all of them when none is given. NaN wins. */
export function max(x: Value): Tensor<never>
export function max<N extends string, R extends N>(x: Tensor<N>, ...over: Dim<R>[]): Tensor<Exclude<N, R>>
export function max(x: Value, ...over: Dim[]): Value {
  const axes = axesOf('max', x, over)
  return withNaN(x, reduceMaxOp([x], { axes }), axes)
}

/**
 * As `max`, in one pass, but XLA's CPU backend may drop NaN. For what is subtracted before `exp`: NaN in `x` shows in the
 * exponentials anyway.
 */
export function maxForExp<N extends string, R extends N>(x: Tensor<N>, ...over: Dim<R>[]): Tensor<Exclude<N, R>>
export function maxForExp(x: Value, ...over: Dim[]): Value {
  return reduceMaxOp([x], { axes: axesOf('max', x, over) })
}

/** Smallest element over the dims given; over all of them when none is given. NaN wins. */
export function min(x: Value): Tensor<never>
export function min<N extends string, R extends N>(x: Tensor<N>, ...over: Dim<R>[]): Tensor<Exclude<N, R>>
export function min(x: Value, ...over: Dim[]): Value {
  const axes = axesOf('min', x, over)
  return withNaN(x, reduceMinOp([x], { axes }), axes)
}

/** An extreme of x over `axes`, NaN where x has one: a second pass, since XLA's CPU backend drops NaN in these reductions. */
function withNaN(x: Value, extreme: Value, axes: readonly number[]): Value {
  if (!isFloat(x.dtype)) return extreme
  const unordered = reduceMaxOp([cast(compare(x as Tensor, 'NE', x as Tensor), 'i32')], { axes })
  return where(compare(unordered as Tensor, 'EQ', 0), extreme as Tensor, constant(NaN, x.dtype))
}

/** Arithmetic mean over the dims given; over all of them when none is given. Needs floats. */
export function mean(x: Value): Tensor<never>
export function mean<N extends string, R extends N>(x: Tensor<N>, ...over: Dim<R>[]): Tensor<Exclude<N, R>>
export function mean(x: Value, ...over: Dim[]): Value {
  if (!isFloat(x.dtype)) throw new OpError('mean', [x], `needs floats, not ${x.dtype}`, 'cast it first: .cast("f32")')
  const axes = axesOf('mean', x, over)
  return reduceSumOp([x], { axes }).mul(1 / sizeOf(axes.map((axis) => x.dims[axis])))
}

/** Sum over every dim, a scalar. */
export function total(x: Value): Tensor<never> {
  return sum(x)
}

/** Sum over these dims, which may be none: then `x` as it is. For lists of dims that are computed. */
export function sumOver(x: Value, over: readonly Dim[]): Tensor {
  return over.length === 0 ? (x as Tensor) : reduceSumOp([x], { axes: axesOf('sum', x, over) })
}

/** Index (i32) of the largest element along a dim: the first at a tie. NaN counts as the largest, so the first NaN wins. */
export function argmax<N extends string, R extends N>(x: Tensor<N>, over: Dim<R>): Tensor<Exclude<N, R>> {
  return argmaxOp([x], { axis: axisOf('argmax', [x], 0, over) })
}

/** Axes of the dims, in order; all axes for no dims. */
function axesOf(op: string, x: Value, over: readonly Dim[]): number[] {
  if (over.length === 0) return x.dims.map((_, axis) => axis)
  const axes = over.map((wanted) => axisOf(op, [x], 0, wanted)).sort((a, b) => a - b)
  const twice = axes.find((axis, i) => axis === axes[i - 1])
  if (twice !== undefined)
    throw new OpError(op, [x], `dim "${x.dims[twice].name}" is given twice`, 'name each dim once')
  return axes
}
