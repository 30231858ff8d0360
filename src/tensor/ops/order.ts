import type { Dim } from '../dim.js'
import { isFloat } from '../dtype.js'
import { axisOf, OpError } from '../errors.js'
import { primitive, type Grads } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { einsum } from './dot.js'
import { oneHot } from './gather.js'
import { slice } from './slice.js'
import { ORDERING } from '../traits.js'

/** Running sum along one axis, or from its end if `reverse`. */
export const cumsumOp = primitive('cumsum', {
  result([x], _: { axis: number; reverse: boolean }) {
    if (x.dtype === 'bool') throw new OpError('cumsum', [x], 'needs numbers, not bool', 'cast it first')
    return { dims: x.dims, dtype: x.dtype }
  },
  gradient: ({ grad, attributes: { axis, reverse } }): Grads => [cumsumOp([grad], { axis, reverse: !reverse })],
  show: ({ axis, reverse }) => ({ axis, reverse }),
  traits: ORDERING,
})

/** Sorts along one axis; results: the sorted elements, and (i32) where each was. Equal elements keep their order; where NaN goes is not defined. */
export const sortOp = primitive('sort', {
  result: ([x], _: { axis: number; descending: boolean }) => [
    { dims: x.dims, dtype: x.dtype },
    { dims: x.dims, dtype: 'i32' },
  ],
  gradient({ inputs: [x], outputs: [, index], grads: [grad], attributes: { axis } }): Grads {
    if (!grad) return [null]
    if (!isFloat(x.dtype)) return [null]
    // Sorting is a permutation along the axis: send each gradient back to where its element came from.
    const along = x.dims[axis]
    const rank = { name: `${along.name}_rank`, size: along.size }
    const renamed = (y: Tensor) => y.rename(along, rank)
    return [einsum([renamed(grad), oneHot(renamed(index), along, grad.dtype)], x.dims)]
  },
  show: ({ axis, descending }) => ({ axis, descending }),
  traits: ORDERING,
})

/** Running sum along a dim: element i is the sum of elements 0..i. `reverse` sums from the end. */
export function cumsum<N extends string, R extends N>(
  x: Tensor<N>,
  along: Dim<R>,
  options: { exclusive?: boolean; reverse?: boolean } = {},
): Tensor<N> {
  const total = cumsumOp([x], { axis: axisOf('cumsum', [x], 0, along), reverse: options.reverse ?? false })
  return options.exclusive ? total.sub(x) : total
}

/** Elements in order along a dim, and the i32 index that each had. */
export function sort<N extends string, R extends N>(
  x: Tensor<N>,
  along: Dim<R>,
  options: { descending?: boolean } = {},
): [Tensor<N>, Tensor<N>] {
  const [values, index] = sortOp.all([x], {
    axis: axisOf('sort', [x], 0, along),
    descending: options.descending ?? false,
  })
  return [values, index]
}

/** The `k` largest elements along a dim, largest first, and their i32 indices; the dim keeps its name. */
export function topK<N extends string, R extends N>(x: Tensor<N>, along: Dim<R>, k: number): [Tensor<N>, Tensor<N>] {
  const [values, index] = sort(x, along, { descending: true })
  return [slice(values, along as Dim<any>, 0, k), slice(index, along as Dim<any>, 0, k)]
}
