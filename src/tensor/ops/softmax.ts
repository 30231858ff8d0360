import type { Dim } from '../dim.js'
import type { Tensor, Value } from '../tensor.js'
import { maxForExp, sum } from './reduce.js'
import { exp, log, stopGradient } from './unary.js'

/** e^x / sum e^x along a dim. Shifted by the maximum, so no overflow. */
export function softmax<N extends string, R extends N>(x: Tensor<N>, along: Dim<R>): Tensor<N> {
  const shifted = exp(x.sub(stopGradient(maxForExp(x, along)) as Value as Tensor<N>))
  return shifted.div(sum(shifted, along) as Value as Tensor<N>)
}

/** log sum e^x along a dim. Shifted by the maximum, so no overflow. */
export function logsumexp<N extends string, R extends N>(x: Tensor<N>, along: Dim<R>): Tensor<Exclude<N, R>> {
  const top = stopGradient(maxForExp(x, along))
  return log(sum(exp(x.sub(top as Value as Tensor<N>)), along)).add(top)
}
