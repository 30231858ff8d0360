import { concat, dim, ones as onesTensor, reshape, slice, type Dim, type Tensor } from '../tensor/index.js'
import type { AttentionConfig, AttentionKind, AttentionShape, ParameterScope, Projections } from './contract.js'
import { recurrentKind, type RecurrentOutput } from './recurrent.js'
import { fromHeads, stateCosts, stateDims, stateSize, toHeads } from './state-size.js'

export interface Featured extends Projections {
  /** [batch, sequence, heads, projected_features] */
  readonly q: Tensor
  readonly k: Tensor
  /** [batch, sequence, heads, value_features] */
  readonly v: Tensor
}

/** Features of a query and a key without `state_key_size`. */
const FEATURES = 16
/** Added to the sums of weights, so that a quotient is never 0 / 0. */
const EPSILON = 1e-6

const projectedOf = ({ state_key_size }: AttentionConfig) => dim('projected_features', state_key_size ?? FEATURES)
const valuesOf = (config: AttentionConfig) => stateSize(1, 1)(config).values
/** The state has a row for each product of up to two features, and a column for the sum of weights. */
const sizeOf = (config: AttentionConfig) => {
  const { size } = projectedOf(config)
  return { keys: 1 + size + size ** 2, values: valuesOf(config) + 1 }
}

/**
 * Based: linear attention whose weights are the Taylor series of an exponential, 1 + s + s^2 / 2 with s = q . k /
 * sqrt(features), which are products of phi(x) = (1, x / features^(1/4), x (x) x / sqrt(2 features)):
 *
 *   S_t = S_{t-1} + phi(k_t) (x) (v_t, 1),   (o_t, n_t) = phi(q_t) S_t,   result o_t / (n_t + 1e-6)
 *
 * Queries and keys have `state_key_size` features, 16 by default, and a state 1 + 16 + 256 rows. In f32. The cache is the state.
 * Models of the paper have it beside local attention. Source: Arora et al. 2024, "Simple Linear Attention Language Models
 * Balance the Recall-Throughput Tradeoff".
 */
export const basedAttention: AttentionKind<Featured, RecurrentOutput> = recurrentKind('based', {
  keys: ['state_key_size', 'state_value_size'],
  state: (config) => stateDims(sizeOf(config)),
  project,
  recurrence({ q, k, v }, { batch, sequence, heads, config }) {
    const features = projectedOf(config)
    const one = dim('value_features', 1)
    const column = onesTensor([batch, sequence, heads, one])
    return { q: taylor(q, features), k: taylor(k, features), v: concat([v.cast('f32'), column], one.name) }
  },
  finish(read, _, { config }) {
    const wide = stateDims(sizeOf(config)).values
    const total: Tensor = slice(read, wide, valuesOf(config), 1).sum(dim(wide.name, 1))
    return slice(read, wide, 0, valuesOf(config)).div(total.add(EPSILON))
  },
  output: (at, mixed, shape) => fromHeads(at, mixed, dim('value_features', valuesOf(shape.config)), shape),
  costs: (config) => stateCosts(config, sizeOf(config), {}),
})

function project(at: ParameterScope, x: Tensor, shape: AttentionShape): Featured {
  const features = projectedOf(shape.config)
  return {
    q: toHeads(at, x, 'q', features, shape),
    k: toHeads(at, x, 'k', features, shape),
    v: toHeads(at, x, 'v', dim('value_features', valuesOf(shape.config)), shape),
  }
}

/** phi(x), features first to last: of [..., projected_features] -> [..., key_features]. */
function taylor(x: Tensor, features: Dim): Tensor {
  const wide = x.cast('f32')
  const others: readonly Dim[] = x.dims.slice(0, -1)
  const named = (y: Tensor, size: number): Tensor => reshape(y, [...others, dim('key_features', size)])
  const second = dim('projected_features_2', features.size)
  const pairs: Tensor = wide.mul((2 * features.size) ** -0.5).mul(wide.rename(features, second))
  const parts = [
    onesTensor([...others, dim('key_features', 1)]),
    named(wide.mul(features.size ** -0.25), features.size),
    named(pairs, features.size ** 2),
  ]
  return concat(parts, 'key_features')
}
