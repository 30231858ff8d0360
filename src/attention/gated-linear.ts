import type { Tensor } from '../tensor/index.js'
import type { AttentionKind, AttentionShape, ParameterScope, Projections } from './contract.js'
import { ones, zeros } from './initializers.js'
import { logSigmoid, rmsNormed, silu } from './norms-and-gates.js'
import { recurrentKind, type RecurrentOutput } from './recurrent.js'
import { fromHeads, stateCosts, stateDims, stateSize, throughRank, toHeads } from './state-size.js'

export interface Gated extends Projections {
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
  /** Before its log sigmoid. [batch, sequence, heads, key_features] */
  readonly decay: Tensor
  readonly gate: Tensor
  readonly norm: Tensor
}

const sizeOf = stateSize(0.5, 1)
/** Rank of what makes the decays, and what their logarithms are divided by, so that they begin near 1. */
const [RANK, TEMPERATURE] = [16, 16]

/**
 * Gated linear attention (GLA): a state S [keys, values] of each head whose rows fade each by a factor of its own,
 *
 *   S_t = diag(e^(g_t)) S_{t-1} + k_t (x) v_t,   o_t = q_t S_t / sqrt(keys),   g = log sigmoid(x W1 W2 + b) / 16
 *
 * with W1 of rank 16. What is read goes through an RMSNorm of each head, times SiLU of a gate. Keys have half a head's
 * features. In f32. The cache is the state.
 * Source: Yang et al. 2023, "Gated Linear Attention Transformers with Hardware-Efficient Training".
 */
export const gatedLinearAttention: AttentionKind<Gated, RecurrentOutput> = recurrentKind('gated_linear', {
  keys: ['state_key_size', 'state_value_size'],
  state: (config) => stateDims(sizeOf(config)),
  project,
  recurrence: ({ q, k, v, decay }, { config }) => ({
    q: q.cast('f32').mul(sizeOf(config).keys ** -0.5),
    k: k.cast('f32'),
    v: v.cast('f32'),
    decay: logSigmoid(decay.cast('f32')).mul(1 / TEMPERATURE),
  }),
  finish: (read, { norm, gate }, { config }) =>
    rmsNormed(read, norm, stateDims(sizeOf(config)).values).mul(silu(gate.cast('f32'))),
  output: (at, mixed, shape) => fromHeads(at, mixed, stateDims(sizeOf(shape.config)).values, shape),
  costs: (config) => stateCosts(config, sizeOf(config), {}),
})

function project(at: ParameterScope, x: Tensor, shape: AttentionShape): Gated {
  const { keys, values } = stateDims(sizeOf(shape.config))
  const bias = at.param('decay_bias', [shape.heads, keys], zeros, [shape.heads, keys])
  return {
    q: toHeads(at, x, 'q', keys, shape),
    k: toHeads(at, x, 'k', keys, shape),
    v: toHeads(at, x, 'v', values, shape),
    decay: throughRank(at, x, 'decay', RANK, keys, shape).add(bias),
    gate: toHeads(at, x, 'gate', values, shape),
    norm: at.param('norm', [values], ones),
  }
}
