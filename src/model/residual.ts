import type { Tensor } from '../tensor/index.js'
import type { Hidden } from './dims.js'
import { dropout } from './dropout.js'
import type { Scope } from './scope.js'

/** What a layer adds to the stream: x, and a bias that is not yet added to x, where it can be added last. */
export interface ResidualBranch {
  readonly x: Hidden
  readonly bias?: Tensor<'embd'>
}

/** product + bias, if there is one, with dropout in training. */
export function residualBranch(
  at: Scope,
  name: string,
  product: Hidden,
  bias: Tensor<'embd'> | undefined,
  rate: number,
): ResidualBranch {
  const added = { x: product, bias }
  return rate > 0 && at.isTraining ? { x: dropout(at, name, withBias(added), rate) } : added
}

/**
 * (stream + x) + bias. The original says stream + (x + bias); in bf16, where each sum is rounded, its recorded numbers are
 * closer to this (single gradients within 1.9% rather than 2.2%), as if TensorFlow's optimizer had reordered it.
 */
export function addResidual(stream: Hidden, { x, bias }: ResidualBranch): Hidden {
  const sum = stream.add(x)
  return bias ? sum.add(bias) : sum
}

/** x + bias, to be scaled before it is added. */
export function withBias({ x, bias }: ResidualBranch): Hidden {
  return bias ? x.add(bias) : x
}
