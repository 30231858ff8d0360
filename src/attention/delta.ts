import { sigmoid, type Tensor } from '../tensor/index.js'
import type { AttentionConfig, AttentionKind, AttentionShape, ParameterScope, Projections } from './contract.js'
import { ones } from './initializers.js'
import type { Recurrence } from './kernels/chunked-recurrence.js'
import { l2Normed, rmsNormed } from './norms-and-gates.js'
import { convolved, recurrentKind, type RecurrentOutput } from './recurrent.js'
import { convolutionWeight } from './short-convolution.js'
import {
  fromHeads,
  stateCosts,
  stateDims,
  stateSize,
  toEachHead,
  toHeads,
  type StateDims,
  type StateSize,
} from './state-size.js'

/** Queries, keys and values of every head, with the weights of their short convolutions (absent without those). */
export interface DeltaProjections extends Projections {
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
  readonly q_conv?: Tensor
  readonly k_conv?: Tensor
  readonly v_conv?: Tensor
  /** How much of a value is replaced, before its sigmoid. [batch, sequence, heads] */
  readonly beta: Tensor
  /** Gain of the norm of what is read. [value_features] */
  readonly norm: Tensor
}

const sizeOf = stateSize(1, 1)

/**
 * DeltaNet: a state S [keys, values] of each head, in which a key's value is replaced rather than added to,
 *
 *   S_t = S_{t-1} + beta_t k_t (x) (v_t - k_t S_{t-1}),   o_t = q_t S_t / sqrt(keys)
 *
 * with q, k and v through a short convolution and SiLU, q and k of length 1, and beta = sigmoid(linear), twice that with
 * `negative_eigenvalues`, so that a state may change its sign along k, as tracking a parity needs. What is read goes through
 * an RMSNorm of each head. In f32. The cache is the state and the convolutions' last inputs.
 * Source: Yang et al. 2024, "Parallelizing Linear Transformers with the Delta Rule over Sequence Length"; Grazzi et al. 2024,
 * "Unlocking State-Tracking in Linear RNNs through Negative Eigenvalues".
 */
export const deltaAttention: AttentionKind<DeltaProjections, RecurrentOutput> = recurrentKind('delta', {
  keys: ['negative_eigenvalues', 'state_key_size', 'state_value_size', 'short_conv_width'],
  state: (config) => stateDims(sizeOf(config)),
  project: (at, x, shape) => projectDelta(at, x, shape, stateDims(sizeOf(shape.config))),
  ...convolved(['q', 'k', 'v']),
  recurrence: (projected, { config }) => deltaRule(projected, stateDims(sizeOf(config)), config),
  finish: (read, { norm }, { config }) => rmsNormed(read, norm, stateDims(sizeOf(config)).values),
  output: (at, mixed, shape) => fromHeads(at, mixed, stateDims(sizeOf(shape.config)).values, shape),
  costs: (config) => deltaCosts(config, sizeOf(config)),
})

/** What every delta rule attends with. */
export function projectDelta(
  at: ParameterScope,
  x: Tensor,
  shape: AttentionShape,
  { keys, values }: StateDims,
): DeltaProjections {
  const { heads, config } = shape
  const weight = (name: string, features: typeof keys | typeof values) =>
    convolutionWeight(at, name, [heads, features], config)
  return {
    q: toHeads(at, x, 'q', keys, shape),
    k: toHeads(at, x, 'k', keys, shape),
    v: toHeads(at, x, 'v', values, shape),
    q_conv: weight('q_conv', keys),
    k_conv: weight('k_conv', keys),
    v_conv: weight('v_conv', values),
    beta: toEachHead(at, x, 'beta', shape),
    norm: at.param('norm', [values], ones),
  }
}

/** S + beta k (x) (v - k S), of q and k of length 1. */
export function deltaRule(
  { q, k, v, beta }: DeltaProjections,
  { keys }: StateDims,
  { negative_eigenvalues }: AttentionConfig,
): Recurrence {
  const key = l2Normed(k, keys)
  const part = sigmoid(beta.cast('f32')).mul(negative_eigenvalues ? 2 : 1)
  return {
    q: l2Normed(q, keys).mul(keys.size ** -0.5),
    k: key,
    v: v.cast('f32').mul(part),
    erase: { read: key.mul(part).neg() },
  }
}

export function deltaCosts(config: AttentionConfig, size: StateSize) {
  const tail = Math.max(0, config.short_conv_width - 1) * config.n_head * (2 * size.keys + size.values)
  return stateCosts(config, size, { erase: true, tail })
}
