import type { Tensor } from '../tensor/index.js'
import type { Hidden } from './dims.js'
import { dropout } from './dropout.js'
import type { Scope } from './scope.js'

/** What a layer adds to the stream: x, and a bias that has not been added to x yet, where nothing keeps it apart. */
export interface Branch {
  readonly x: Hidden
  readonly bias?: Tensor<'embd'>
}

/** product + bias, of which training drops some. */
export function branch(at: Scope, name: string, product: Hidden, bias: Tensor<'embd'>, rate: number): Branch {
  return rate > 0 && at.isTraining ? { x: dropout(at, name, product.add(bias), rate) } : { x: product, bias }
}

/**
 * (stream + x) + bias. The original says stream + (x + bias); in bf16, where each sum is rounded, its recorded numbers are
 * closer to this (single gradients within 1.9% rather than 2.2%), as if TensorFlow's optimizer had reordered it.
 */
export function joined(stream: Hidden, { x, bias }: Branch): Hidden {
  const sum = stream.add(x)
  return bias ? sum.add(bias) : sum
}

/** The whole of what is added, to be scaled first. */
export function whole({ x, bias }: Branch): Hidden {
  return bias ? x.add(bias) : x
}
