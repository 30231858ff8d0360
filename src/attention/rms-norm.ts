import { rsqrt, type Dim, type Tensor } from '../tensor/index.js'
import type { ParameterScope } from './contract.js'
import { ones, type Initializer } from './initializers.js'

/**
 * RMSNorm over one dim: x / sqrt(mean of x^2 + epsilon) * g, in f32, in the dtype of x. Source: Zhang and Sennrich 2019,
 * "Root Mean Square Layer Normalization".
 */
export function rmsNorm<N extends string, A extends N>(
  at: ParameterScope,
  x: Tensor<N>,
  along: Dim<A>,
  epsilon: number,
  initializer: Initializer = ones,
): Tensor<N> {
  return rootMeanSquareOne(x, along, epsilon).mul(at.param('g', [along], initializer))
}

/** The same without a gain. */
export function rootMeanSquareOne<N extends string, A extends N>(
  x: Tensor<N>,
  along: Dim<A>,
  epsilon: number,
): Tensor<N> {
  const wide = x.cast('f32')
  return wide.mul(rsqrt(wide.square().mean(along).add(epsilon))).cast(x.dtype)
}
