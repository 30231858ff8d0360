import { random, where, type Tensor } from '../tensor/index.js'
import type { Scope } from './scope.js'

/**
 * In training, elements of x are 0 with probability `rate` and divided by 1 - rate otherwise; in evaluation x
 * itself, unless `always`. Source: Mesh TensorFlow ops.py (dropout).
 */
export function dropout<N extends string>(
  at: Scope,
  name: string,
  x: Tensor<N>,
  rate: number,
  { always = false } = {},
): Tensor<N> {
  const key = rate > 0 ? at.random(name, { always }) : null
  return key ? where(random.bernoulli(key, 1 - rate, x.dims), x.mul(1 / (1 - rate)), 0) : x
}
