import { sameDims } from '../dim.js'
import { OpError } from '../errors.js'
import { primitive } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { together } from './broadcast.js'
import { ELEMENTWISE } from '../traits.js'

export type Direction = 'EQ' | 'NE' | 'LT' | 'LE' | 'GT' | 'GE'

/** Elementwise comparison, a bool. NaN is unequal to everything. */
export const compareOp = primitive('compare', {
  result([a, b], _: { direction: Direction }) {
    if (!sameDims(a.dims, b.dims) || a.dtype !== b.dtype)
      throw new OpError('compare', [a, b], 'operands must have the same dims and dtype')
    return { dims: a.dims, dtype: 'bool' }
  },
  gradient: () => [null, null],
  show: ({ direction }) => ({ direction }),
  traits: { ...ELEMENTWISE, recompute: 'free' },
})

/** Compares element by element, over the union of the dims; the result is bool. */
export function compare<N extends string = never, M extends string = never>(
  a: Tensor<N>,
  direction: Direction,
  b: Tensor<M> | number,
): Tensor<N | M> {
  return compareOp(together('compare', [a, b]), { direction })
}
