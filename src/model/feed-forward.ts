import { einsum, type Dim, type Tensor } from '../tensor/index.js'
import { gelu } from './activations.js'
import type { HiddenNames, Model } from './dims.js'
import { normal, zeros, type Scope } from './scope.js'

/**
 * Two linear layers with an activation between, to 4 embd and back. x [batch, sequence, embd] -> the same dims.
 * Source: gpt-neo models/layers.py (mlp).
 */
export function feedForward(at: Scope, x: Tensor<HiddenNames>, model: Model): Tensor<HiddenNames> {
  const { batch, sequence, embd, intermediate, config } = model
  const within = at.in('conv1d_main')
  const scaled = (fanIn: Dim, depth: number) => normal(0.02 * depth * (config.scale_by_in ? fanIn.size ** -0.5 : 1))
  const hidden = linear(within.in('c_fc'), x, [batch, sequence], embd, intermediate, scaled(embd, 1))
  const depth = config.scale_by_depth ? config.n_layer ** -0.5 : 1
  return linear(within.in('c_proj'), gelu(hidden), [batch, sequence], intermediate, embd, scaled(intermediate, depth))
}

/** x W + b along one dim, replaced by another. */
export function linear<K extends string, I extends string, O extends string>(
  at: Scope, x: Tensor<K | I>, keep: readonly Dim<K>[], from: Dim<I>, to: Dim<O>, kernel: ReturnType<typeof normal>,
): Tensor<K | O> {
  const product = einsum([x, at.param('kernel', [from, to] as Dim[], kernel)], [...keep, to] as Dim<any>[])
  return product.add(at.param('bias', [to], zeros)) as Tensor
}
