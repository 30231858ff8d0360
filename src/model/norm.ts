import { rmsNorm } from '../attention/index.js'
import { rsqrt, type Tensor } from '../tensor/index.js'
import type { Model } from './dims.js'
import { ones, zeros, type Scope } from './scope.js'

/**
 * Layer norm over embd: (x - mean) / sqrt(variance + norm_epsilon) * g + b, in the dtype of x; its two means are summed in f32.
 * Source: gpt-neo models/layers.py (layer_norm).
 */
export function layerNorm<N extends string>(at: Scope, x: Tensor<N | 'embd'>, model: Model): Tensor<N | 'embd'> {
  const { embd } = model
  return normalised(x, model)
    .mul(at.param('g', [embd], ones))
    .add(at.param('b', [embd], zeros))
}

/** The norm of a config: layer norm, or RMSNorm. */
export function norm<N extends string>(at: Scope, x: Tensor<N | 'embd'>, model: Model): Tensor<N | 'embd'> {
  return model.config.norm === 'rmsnorm'
    ? rmsNorm(at, x, model.embd, model.config.norm_epsilon)
    : layerNorm(at, x, model)
}

/** As `layerNorm`, with one gain for all features and no bias. Source: gpt-neo models/layers.py (scale_norm). */
export function scaleNorm<N extends string>(at: Scope, x: Tensor<N | 'embd'>, model: Model): Tensor<N | 'embd'> {
  return normalised(x, model).mul(at.param('g', [], ones))
}

function normalised<N extends string>(x: Tensor<N | 'embd'>, { embd, config }: Model): Tensor<N | 'embd'> {
  const centered = x.sub(x.cast('f32').mean(embd).cast(x.dtype))
  const variance = centered.square().cast('f32').mean(embd).cast(x.dtype)
  return centered.mul(rsqrt(variance.add(config.norm_epsilon ?? 1e-5)))
}
