import { sigmoid, type Tensor } from '../tensor/index.js'
import type { AttentionKind, AttentionShape, ParameterScope } from './contract.js'
import { deltaCosts, deltaRule, projectDelta, type DeltaProjections } from './delta.js'
import { logOfUniform, timeStep, zeros } from './initializers.js'
import { logDecay, rmsNormed } from './norms-and-gates.js'
import { convolved, recurrentKind, type RecurrentOutput } from './recurrent.js'
import { fromHeads, stateDims, stateSize, throughRank } from './state-size.js'

export interface KimiDelta extends DeltaProjections {
  /** What the rows of a state fade by, before softplus and the rate. [batch, sequence, heads, key_features] */
  readonly step: Tensor
  /** Logarithm of the rate of each head. [heads] */
  readonly rate: Tensor
  /** Of what is read, before its sigmoid. [batch, sequence, heads, value_features] */
  readonly gate: Tensor
}

const sizeOf = stateSize(1, 1)

/**
 * Kimi Delta Attention (KDA): DeltaNet (delta.ts) whose state's rows fade each by a factor of its own,
 *
 *   S' = diag(e^(g_t)) S_{t-1},   S_t = S' + beta_t k_t (x) (v_t - k_t S'),   o_t = q_t S_t / sqrt(keys)
 *
 * with g = -e^rate softplus(x W1 W2 + b), W1 of a rank of a head's values. What is read goes through an RMSNorm of each head,
 * times the sigmoid of a gate of the same rank. In f32. The cache is the state and the convolutions' last inputs.
 * Source: Kimi Team 2025, "Kimi Linear: An Expressive, Efficient Attention Architecture".
 */
export const kimiDeltaAttention: AttentionKind<KimiDelta, RecurrentOutput> = recurrentKind('kda', {
  keys: ['negative_eigenvalues', 'state_key_size', 'state_value_size', 'short_conv_width'],
  state: (config) => stateDims(sizeOf(config)),
  project,
  ...convolved(['q', 'k', 'v']),
  recurrence: (projected, { config }) => ({
    ...deltaRule(projected, stateDims(sizeOf(config)), config),
    decay: logDecay(projected),
  }),
  finish: (read, { norm, gate }, { config }) =>
    rmsNormed(read, norm, stateDims(sizeOf(config)).values).mul(sigmoid(gate.cast('f32'))),
  output: (at, mixed, shape) => fromHeads(at, mixed, stateDims(sizeOf(shape.config)).values, shape),
  costs: (config) => deltaCosts(config, sizeOf(config)),
})

function project(at: ParameterScope, x: Tensor, shape: AttentionShape): KimiDelta {
  const { heads, config } = shape
  const { keys, values } = stateDims(sizeOf(config))
  const stepBias = at.param('decay_bias', [heads, keys], timeStep(0.001, 0.1), [heads, keys])
  const gateBias = at.param('gate_bias', [heads, values], zeros, [heads, values])
  return {
    ...projectDelta(at, x, shape, { keys, values }),
    step: throughRank(at, x, 'decay', values.size, keys, shape).add(stepBias),
    rate: at.param('decay_rate', [heads], logOfUniform(1, 16)),
    gate: throughRank(at, x, 'gate', values.size, values, shape).add(gateBias),
  }
}
