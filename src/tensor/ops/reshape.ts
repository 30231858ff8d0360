import { sameDims, showDims, sizeOf, type Dim } from '../dim.js'
import { axisOf, OpError, refuseTwins } from '../errors.js'
import { primitive } from '../primitive.js'
import type { Tensor, Value } from '../tensor.js'
import { VIEW } from '../traits.js'

/** The same elements in row-major order under other dims. */
export const reshapeOp = primitive('reshape', {
  result([x], { dims }: { dims: readonly Dim[] }) {
    refuseTwins('reshape', [x], dims)
    if (sizeOf(x.dims) !== sizeOf(dims))
      throw new OpError(
        'reshape',
        [x],
        `${sizeOf(x.dims)} elements do not fill ${showDims(dims)}, which has ${sizeOf(dims)}`,
      )
    return { dims, dtype: x.dtype }
  },
  gradient: ({ inputs: [x], grad }) => [reshape(grad, x.dims)],
  show: () => ({}),
  traits: { ...VIEW, family: 'relabel' },
})

/** The same dims in another order. */
export const transposeOp = primitive('transpose', {
  result([x], { permutation }: { permutation: readonly number[] }) {
    return { dims: permutation.map((axis) => x.dims[axis]), dtype: x.dtype }
  },
  gradient: ({ inputs: [x], grad }) => [transpose(grad, x.dims)],
  show: ({ permutation }) => ({ permutation }),
  traits: VIEW,
})

/**
 * Row-major reinterpretation: joins neighbouring dims or splits one, as `reshape(x, [batch, heads, features])` of
 * `[batch, embd]`. Use `rename` for a new name, `transpose` for another order.
 */
export function reshape<N extends string = never>(x: Value, dims: readonly Dim<N>[]): Tensor<N> {
  return sameDims(x.dims, dims) ? (x as Tensor) : reshapeOp([x], { dims })
}

/** Gives a dim another name of the same size. Costs nothing when it runs. */
export function rename<N extends string, A extends N, B extends string>(
  x: Tensor<N>,
  from: Dim<A>,
  to: Dim<B>,
): Tensor<Exclude<N, A> | B> {
  const axis = axisOf('rename', [x], 0, from)
  if (from.size !== to.size)
    throw new OpError('rename', [x], `"${from.name}" has size ${from.size}, "${to.name}" has ${to.size}`)
  return reshape(x, x.dims.map((dim, i) => (i === axis ? to : dim)) as Dim<any>[])
}

/** The same tensor with its dims in this order. */
export function transpose<N extends string>(x: Tensor<N>, dims: readonly Dim<N>[]): Tensor<N> {
  if (dims.length !== x.dims.length)
    throw new OpError('transpose', [x], `${showDims(dims)} does not list the same dims`)
  const permutation = dims.map((wanted) => axisOf('transpose', [x], 0, wanted))
  return permutation.every((axis, i) => axis === i) ? x : transposeOp([x], { permutation })
}
