import { sizeOf, type Dim } from '../dim.js'
import { isFloat, isInteger, type DType } from '../dtype.js'
import { OpError } from '../errors.js'
import { primitive } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { SOURCE } from '../traits.js'

/** A scalar known when the program is made. Booleans are 0 and 1. */
export const constantOp = primitive('constant', {
  result(_, { value, dtype }: { value: number; dtype: DType }) {
    if (isInteger(dtype) && !Number.isInteger(value)) throw new OpError('constant', [], `${value} is not an ${dtype}`)
    if (dtype === 'u32' && (value < 0 || value > 0xffffffff))
      throw new OpError('constant', [], `${value} is out of range for u32`)
    if (dtype === 'i32' && (value < -0x80000000 || value > 0x7fffffff))
      throw new OpError('constant', [], `${value} is out of range for i32`)
    if (!isFloat(dtype) && Number.isNaN(value)) throw new OpError('constant', [], `NaN is not a ${dtype}`)
    return { dims: [], dtype }
  },
  gradient: () => [],
  show: ({ value }) => ({ value }),
  traits: SOURCE,
})

/** A small table known when the program is made, in row-major order. Large data belongs in the program's inputs. */
export const literalOp = primitive('literal', {
  result(_, { dims, dtype, values }: { dims: readonly Dim[]; dtype: DType; values: readonly number[] }) {
    if (values.length !== sizeOf(dims))
      throw new OpError('literal', [], `${values.length} values for ${sizeOf(dims)} elements`)
    return { dims, dtype }
  },
  gradient: () => [],
  show: ({ values }) => ({ values }),
  traits: SOURCE,
})

/** 0, 1, 2, ... along one dim, the same along the others. */
export const iotaOp = primitive('iota', {
  result: (_, { dims, dtype }: { dims: readonly Dim[]; axis: number; dtype: DType }) => ({ dims, dtype }),
  gradient: () => [],
  show: ({ axis }) => ({ axis }),
  traits: SOURCE,
})

/** A scalar. */
export function constant(value: number | boolean, dtype: DType): Tensor<never> {
  return constantOp([], { value: Number(value), dtype })
}

/** `[0, 1, ..., size - 1]` along `along`. */
export function range<N extends string>(along: Dim<N>, dtype: DType = 'i32'): Tensor<N> {
  return iotaOp([], { dims: [along], axis: 0, dtype })
}

/** A small table of numbers, row-major over `dims`. */
export function literal<N extends string = never>(
  dims: readonly Dim<N>[],
  values: readonly number[],
  dtype: DType = 'f32',
): Tensor<N> {
  return literalOp([], { dims, dtype, values })
}
