import { rsqrt, type Tensor } from '../tensor/index.js'
import type { Model } from './dims.js'
import { ones, zeros, type Scope } from './scope.js'

/**
 * Layer norm over embd: (x - mean) / sqrt(variance + 1e-5) * g + b, in the dtype of x.
 * Source: gpt-neo models/layers.py (norm).
 */
export function layerNorm<N extends string>(at: Scope, x: Tensor<N | 'embd'>, { embd }: Model): Tensor<N | 'embd'> {
  const centered = x.sub(x.mean(embd))
  const variance = centered.square().mean(embd)
  return centered.mul(rsqrt(variance.add(1e-5))).mul(at.param('g', [embd], ones)).add(at.param('b', [embd], zeros)) as typeof x
}

