import { sameDims } from '../dim.js'
import { OpError } from '../errors.js'
import { primitive, type Grads } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { broadcast, commonDims } from './broadcast.js'
import { constant } from './constant.js'
import { fill } from './fill.js'
import { ELEMENTWISE } from '../traits.js'

/** Elements of the second input where the first is true, else of the third. */
export const selectOp = primitive('select', {
  result([which, a, b], _: Record<string, never>) {
    if (which.dtype !== 'bool') throw new OpError('select', [which, a, b], `the condition is ${which.dtype}, not bool`)
    if (!sameDims(which.dims, a.dims) || !sameDims(a.dims, b.dims) || a.dtype !== b.dtype)
      throw new OpError(
        'select',
        [which, a, b],
        'condition and both choices must have the same dims, the choices the same dtype',
      )
    return { dims: a.dims, dtype: a.dtype }
  },
  gradient({ inputs: [which], grad }): Grads {
    const zero = fill(grad.dims, 0, grad.dtype)
    return [null, selectOp([which, grad, zero], {}), selectOp([which, zero, grad], {})]
  },
  show: () => ({}),
  traits: ELEMENTWISE,
})

/** `a` where the condition holds, else `b`; all three broadcast by name. One of `a` and `b` may be a number. */
export function where<C extends string, N extends string = never, M extends string = never>(
  condition: Tensor<C>,
  a: Tensor<N> | number,
  b: Tensor<M> | number,
): Tensor<C | N | M> {
  const dtype = typeof a !== 'number' ? a.dtype : typeof b !== 'number' ? b.dtype : 'f32'
  const [x, y] = [a, b].map((value) => (typeof value === 'number' ? constant(value, dtype) : value))
  if (x.dtype !== y.dtype)
    throw new OpError(
      'where',
      [condition, x, y],
      `dtypes differ: ${x.dtype} and ${y.dtype}`,
      'cast one of them: .cast(...)',
    )
  const dims = commonDims('where', [condition, x, y])
  return selectOp(
    [condition, x, y].map((value) => broadcast(value as Tensor, dims)),
    {},
  )
}
