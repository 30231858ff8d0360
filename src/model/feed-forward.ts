import { dim, remat, slice, type Dim, type Tensor } from '../tensor/index.js'
import { activate } from './activations.js'
import { residualBranch, type ResidualBranch } from './residual.js'
import type { Hidden, Model } from './dims.js'
import { normal, zeros, type Scope } from './scope.js'

/**
 * Two linear layers with an activation between, to n_inner (4 embd) and back. x [batch, sequence, embd] -> the same dims.
 * Source: gpt-neo models/layers.py (mlp).
 */
export function feedForward(at: Scope, x: Hidden, model: Model): ResidualBranch {
  const { batch, sequence, embd, intermediate, config } = model
  const within = at.in('conv1d_main')
  const scaled = (fanIn: Dim, depth: number) => kernelScale(model, fanIn, depth)
  const [first, second] = [within.in('c_fc'), within.in('c_proj')]
  const wide = config.mlp_glu ? dim('intermediate_expanded', 2 * intermediate.size) : intermediate
  const linear = product(first, x, [batch, sequence], embd, wide, scaled(embd, 1))
  const expanded = config.bias === false ? linear : linear.add(biasOf(first, wide))
  const depth = config.scale_by_depth ? config.n_layer ** -0.5 : 1
  // What the activation gives is made again for the gradient rather than kept: the largest value of a layer.
  const contract = remat((h: typeof expanded) => {
    const hidden = config.mlp_glu ? gated(at, h, model) : activate(at, config.activation_fn, h, intermediate, model)
    return product(second, hidden, [batch, sequence], intermediate, embd, scaled(intermediate, depth)) as Hidden
  })
  const contracted = contract(expanded)
  const bias = config.bias === false ? undefined : biasOf(second, embd)
  return residualBranch(at, 'mlp_dropout', contracted, bias, config.res_dropout)
}

/** How kernels of the feed-forward and of an untied output start. Source: gpt-neo models/layers.py (linear). */
export function kernelScale({ config }: Model, fanIn: Dim, depth = 1): ReturnType<typeof normal> {
  return normal(0.02 * depth * (config.scale_by_in ? fanIn.size ** -0.5 : 1))
}

/**
 * The first half of the features times the activation of the second. Source: gpt-neo models/layers.py (mlp_glu), after
 * Dauphin et al. 2016, "Language Modeling with Gated Convolutional Networks".
 */
function gated(at: Scope, both: Tensor<'batch' | 'sequence' | 'intermediate_expanded'>, model: Model): typeof both {
  const { config, intermediate } = model
  const all = dim('intermediate_expanded', 2 * intermediate.size)
  const [values, gates] = [
    slice(both, all, 0, intermediate.size),
    slice(both, all, intermediate.size, intermediate.size),
  ]
  return values.mul(activate(at, config.activation_fn, gates, intermediate, model))
}

/** x W along one dim, replaced by another. */
function product<K extends string, I extends string, O extends string>(
  at: Scope,
  x: Tensor<K | I>,
  keep: readonly Dim<K>[],
  from: Dim<I>,
  to: Dim<O>,
  kernel: ReturnType<typeof normal>,
): Tensor<K | O> {
  return at.linear<K | O>(x, 'kernel', [from, to], kernel, [...keep, to])
}

const biasOf = <N extends string>(at: Scope, to: Dim<N>): Tensor<N> => at.param('bias', [to], zeros)
