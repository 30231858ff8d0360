import { type Tensor } from '../tensor/index.js'
import type { AttentionKind, AttentionShape, ParameterScope } from './contract.js'
import { deltaCosts, deltaRule, projectDelta, type DeltaProjections } from './delta.js'
import { logOfUniform, timeStep } from './initializers.js'
import { logDecay, rmsNormed, silu } from './norms-and-gates.js'
import { convolved, recurrentKind, type RecurrentOutput } from './recurrent.js'
import { fromHeads, stateDims, stateSize, toEachHead, toHeads } from './state-size.js'

export interface GatedDeltaProjections extends DeltaProjections {
  /** What a state fades by, before softplus and its rate. [batch, sequence, heads] */
  readonly step: Tensor
  /** Logarithm of the rate of each head. [heads] */
  readonly rate: Tensor
  /** Of what is read, before SiLU. [batch, sequence, heads, value_features] */
  readonly gate: Tensor
}

const sizeOf = stateSize(1, 2)

/**
 * Gated DeltaNet: DeltaNet (delta.ts) whose state fades, by a factor of each head and position,
 *
 *   S' = e^(g_t) S_{t-1},   S_t = S' + beta_t k_t (x) (v_t - k_t S'),   o_t = q_t S_t / sqrt(keys)
 *
 * with g = -e^rate softplus(linear + bias). What is read goes through an RMSNorm of each head, times SiLU of a gate. Values
 * have twice a key's features. In f32. The cache is the state and the convolutions' last inputs.
 * Source: Yang et al. 2025, "Gated Delta Networks: Improving Mamba2 with Delta Rule"; the layer is that of Qwen3-Next.
 */
export const gatedDeltaAttention: AttentionKind<GatedDeltaProjections, RecurrentOutput> = recurrentKind('gated_delta', {
  keys: ['negative_eigenvalues', 'state_key_size', 'state_value_size', 'short_conv_width'],
  state: (config) => stateDims(sizeOf(config)),
  project,
  ...convolved(['q', 'k', 'v']),
  recurrence: (projected, { config }) => ({
    ...deltaRule(projected, stateDims(sizeOf(config)), config),
    decay: logDecay(projected),
  }),
  finish: (read, { norm, gate }, { config }) =>
    rmsNormed(read, norm, stateDims(sizeOf(config)).values).mul(silu(gate.cast('f32'))),
  output: (at, mixed, shape) => fromHeads(at, mixed, stateDims(sizeOf(shape.config)).values, shape),
  costs: (config) => deltaCosts(config, sizeOf(config)),
})

function project(at: ParameterScope, x: Tensor, shape: AttentionShape): GatedDeltaProjections {
  const { heads, config } = shape
  const state = stateDims(sizeOf(config))
  const bias = at.param('decay_bias', [heads], timeStep(0.001, 0.1))
  return {
    ...projectDelta(at, x, shape, state),
    step: toEachHead(at, x, 'decay', shape).add(bias),
    rate: at.param('decay_rate', [heads], logOfUniform(0.001, 16)),
    gate: toHeads(at, x, 'gate', state.values, shape),
  }
}
