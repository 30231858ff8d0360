import type { Dim } from '../dim.js'
import type { DType } from '../dtype.js'
import type { Tensor } from '../tensor.js'
import { broadcast } from './broadcast.js'
import { constant } from './constant.js'

/** Every element the same. */
export function fill<N extends string = never>(
  dims: readonly Dim<N>[],
  value: number | boolean,
  dtype: DType,
): Tensor<N> {
  return broadcast(constant(value, dtype), dims)
}

/** A tensor of zeros. */
export function zeros<N extends string = never>(dims: readonly Dim<N>[], dtype: DType = 'f32'): Tensor<N> {
  return fill(dims, 0, dtype)
}

/** A tensor of ones. */
export function ones<N extends string = never>(dims: readonly Dim<N>[], dtype: DType = 'f32'): Tensor<N> {
  return fill(dims, 1, dtype)
}
