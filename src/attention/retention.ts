import { broadcast, dim, literal, type Tensor } from '../tensor/index.js'
import type { AttentionKind, AttentionShape, ParameterScope, ProjectContext, Projections } from './contract.js'
import { ones } from './initializers.js'
import { rmsNormed, silu } from './norms-and-gates.js'
import { recurrentKind, type RecurrentOutput } from './recurrent.js'
import { fromHeads, stateCosts, stateDims, stateSize, toHeads } from './state-size.js'

/** Queries and keys [batch, sequence, heads, key_features], values and gate [batch, sequence, heads, value_features]. */
export interface Retained extends Projections {
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
  readonly gate: Tensor
  readonly norm: Tensor
}

const sizeOf = stateSize(1, 2)

/**
 * Retention (RetNet): a state S [keys, values] of each head that fades by the same factor at each position,
 *
 *   S_t = c_h S_{t-1} + k_t (x) v_t,   o_t = q_t S_t / sqrt(keys),   c_h = 1 - 2^(-5 - h)
 *
 * h = 0, 1, ...; queries and keys are turned by their positions with `rotary_emb`, as in the paper. What is read goes through
 * an RMSNorm of each head, times SiLU of a gate. Values have twice a key's features. In f32. The cache is the state.
 * Source: Sun et al. 2023, "Retentive Network: A Successor to Transformer for Large Language Models".
 */
export const retentionAttention: AttentionKind<Retained, RecurrentOutput> = recurrentKind('retention', {
  keys: ['state_key_size', 'state_value_size'],
  state: (config) => stateDims(sizeOf(config)),
  project,
  recurrence({ q, k, v }, { batch, sequence, heads, config }) {
    const logarithms = Array.from({ length: heads.size }, (_, h) => Math.log1p(-(2 ** (-5 - h))))
    return {
      q: q.cast('f32').mul(sizeOf(config).keys ** -0.5),
      k: k.cast('f32'),
      v: v.cast('f32'),
      decay: broadcast(literal([heads], logarithms), [batch, sequence, heads]),
    }
  },
  finish: (read, { norm, gate }, { config }) =>
    rmsNormed(read, norm, stateDims(sizeOf(config)).values).mul(silu(gate.cast('f32'))),
  output: (at, mixed, shape) => fromHeads(at, mixed, stateDims(sizeOf(shape.config)).values, shape),
  costs: (config) => stateCosts(config, sizeOf(config), {}),
})

function project(at: ParameterScope, x: Tensor, shape: AttentionShape, { rotate }: ProjectContext): Retained {
  const { keys, values } = stateDims(sizeOf(shape.config))
  const features = dim('features_per_head', keys.size)
  const turned = (name: string): Tensor =>
    rotate(toHeads(at, x, name, keys, shape).rename(keys, features), features).rename(features, keys)
  return {
    q: turned('q'),
    k: turned('k'),
    v: toHeads(at, x, 'v', values, shape),
    gate: toHeads(at, x, 'gate', values, shape),
    norm: at.param('norm', [values], ones),
  }
}
