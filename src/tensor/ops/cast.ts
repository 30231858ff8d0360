import { isFloat, type DType } from '../dtype.js'
import { primitive } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { ELEMENTWISE } from '../traits.js'

/** Converts elements: floats round to nearest even, float to integer truncates, to bool is "not 0". */
export const castOp = primitive('cast', {
  result: ([x], { dtype }: { dtype: DType }) => ({ dims: x.dims, dtype }),
  gradient: ({ inputs: [x], grad, attributes: { dtype } }) => [
    isFloat(x.dtype) && isFloat(dtype) ? cast(grad, x.dtype) : null,
  ],
  show: () => ({}),
  traits: { ...ELEMENTWISE, recompute: 'free' },
})

/** The same values as another dtype; floats to integers round toward zero. */
export function cast<N extends string>(x: Tensor<N>, dtype: DType): Tensor<N> {
  return x.dtype === dtype ? x : castOp([x], { dtype })
}
