import { einsum, sigmoid, tanh, dim, type Dim, type Tensor } from '../tensor/index.js'
import {
  headFeatures,
  type AttentionConfig,
  type AttentionKind,
  type AttentionShape,
  type ParameterScope,
  type Projections,
} from './contract.js'
import { constantly, normal, ones, uniform, zeros } from './initializers.js'
import { l2Normed } from './norms-and-gates.js'
import { recurrentKind, type RecurrentOutput } from './recurrent.js'
import { previousOf, type Past } from './short-convolution.js'
import { fromHeads, stateCosts, stateDims, stateSize } from './state-size.js'

/** The stream and the parameters, for what is projected is a mixture of each position and the one before. */
export interface Shifted extends Projections {
  /** [batch, sequence, embd] */
  readonly x: Tensor
  readonly [parameter: string]: Tensor | undefined
}

const sizeOf = stateSize(1, 1)
/** The fastest decay is e^-(e^-0.5) a position. */
const FASTEST = Math.exp(-0.5)
/** What is projected of the mixtures, each of which has a weight for the position before, `mix_NAME` [embd]. */
const MIXED = ['r', 'w', 'k', 'v', 'a', 'g'] as const

/**
 * RWKV-7: a state S [keys, values] of each head, that fades by row and is rewritten along a direction of its own,
 *
 *   S_t = diag(e^(w_t)) S_{t-1} - a_t kk_t (x) (kk_t S_{t-1}) + k_t (x) v_t,   o_t = r_t S_t
 *
 * all made of the stream mixed with the position before (token shift): w = -e^-0.5 sigmoid(low-rank), a = sigmoid(low-rank),
 * kk = k * kk_gain of length 1, and k times 1 + (a - 1) * a_gain. What is read goes through a group norm of each head; v times
 * (r . k * bonus) is added; the sum is multiplied by a low-rank gate. The value residual of the first layer is left out, since
 * a layer sees no other. In f32. The cache is the state and the last position of the stream.
 * Source: Peng et al. 2025, "RWKV-7 Goose with Expressive Dynamic State Evolution".
 */
export const rwkv7Attention: AttentionKind<Shifted, RecurrentOutput> = recurrentKind('rwkv7', {
  keys: ['state_key_size', 'state_value_size'],
  state: (config) => stateDims(sizeOf(config)),
  project: (at, x, shape) => ({ ...parameters(at, shape), x }),
  tails: () => ({ x: 1 }),
  mix,
  keepMixed: true,
  recurrence({ r, k, v, w, kk, a }) {
    // The kernel reads the state after it has faded.
    return { q: r!, k: k!, v: v!, decay: w!, erase: { read: kk!.mul(w!.neg().exp()).neg(), write: kk!.mul(a!) } }
  },
  finish(read, { r, k, v, g, bonus, norm, norm_bias }, { heads, config }) {
    const { values } = stateDims(sizeOf(config))
    const centred: Tensor = read.sub(read.mean(values))
    const scale = centred
      .square()
      .mean(values)
      .add(values.size * 1e-5)
      .rsqrt()
    const normed = centred.mul(scale).mul(norm!.cast('f32')).add(norm_bias!.cast('f32'))
    const direct = einsum([r!.mul(k!).mul(bonus!.cast('f32')), v!], [...r!.dims.slice(0, 2), heads, values])
    return normed.add(direct).mul(g!)
  },
  output: (at, mixed, shape) => fromHeads(at, mixed, stateDims(sizeOf(shape.config)).values, shape),
  costs(config) {
    const size = sizeOf(config)
    return stateCosts(config, size, { erase: true, tail: config.n_embd })
  },
})

function parameters(at: ParameterScope, { heads, embd, config }: AttentionShape) {
  const { keys, values } = stateDims(sizeOf(config))
  const joined = (name: string, features: Dim, initial = zeros): [string, Tensor] => [
    name,
    at.param(name, [heads, features], initial, [heads, features]),
  ]
  const linear = (name: string, features: Dim): [string, Tensor] => [
    `${name}_weight`,
    at.param(name, [embd, heads, features], normal(embd.size ** -0.5), [heads, features]),
  ]
  const lowRank = (name: string, features: Dim, rank: number): [string, Tensor][] => {
    const low = dim('low_rank', rank)
    const up = normal(0.1 * rank ** -0.5)
    return [
      [`${name}_down`, at.param(`${name}_down`, [embd, low], normal(embd.size ** -0.5))],
      [`${name}_up`, at.param(`${name}_up`, [low, heads, features], up, [heads, features])],
    ]
  }
  const found: { [name: string]: Tensor } = Object.fromEntries([
    ...MIXED.map((name): [string, Tensor] => [`mix_${name}`, at.param(`mix_${name}`, [embd], uniform(0, 1))]),
    linear('r', keys),
    linear('k', keys),
    linear('v', values),
    ...lowRank('w', keys, rankOf(config, 1.8, 0.5)),
    ...lowRank('a', keys, rankOf(config, 1.8, 0.5)),
    ...lowRank('g', values, rankOf(config, 0.6, 0.8)),
    joined('w_bias', keys, uniform(-6.5, -1.5)),
    joined('a_bias', keys),
    joined('kk_gain', keys, constantly(0.85)),
    joined('a_gain', keys, ones),
    joined('bonus', keys),
    joined('norm', values, ones),
    joined('norm_bias', values),
  ])
  return found
}

/** Ranks grow with the width, by 32. Source: RWKV-LM, RWKV-v7. */
function rankOf(config: AttentionConfig, factor: number, power: number): number {
  return 32 * Math.max(1, Math.round((factor * (config.n_head * headFeatures(config)) ** power) / 32))
}

/** What the recurrence and its output are made of, f32, from the stream and the positions before. */
function mix(projected: Shifted, past: (name: string) => Past, shape: AttentionShape): Shifted {
  const { batch, sequence, heads, config } = shape
  const { keys, values } = stateDims(sizeOf(config))
  const { x } = projected
  const change = previousOf(x, sequence, past('x')).sub(x)
  const mixed = (name: string): Tensor => x.add(change.mul(projected[`mix_${name}`]!))
  const to = (features: Dim) => [batch, sequence, heads, features]
  const linear = (name: string, features: Dim): Tensor =>
    einsum([mixed(name), projected[`${name}_weight`]!], to(features)).cast('f32')
  const lowRank = (name: string, features: Dim, f: (x: Tensor) => Tensor = (y) => y): Tensor => {
    const { dims } = projected[`${name}_down`]!
    const low = f(einsum([mixed(name), projected[`${name}_down`]!], [batch, sequence, dims[1]]))
    return einsum([low, projected[`${name}_up`]!], to(features)).cast('f32')
  }
  const f32 = (name: string): Tensor => projected[name]!.cast('f32')
  const a = sigmoid(lowRank('a', keys).add(f32('a_bias')))
  const k = linear('k', keys)
  return {
    ...projected,
    r: linear('r', keys),
    w: sigmoid(lowRank('w', keys, tanh).add(f32('w_bias'))).mul(-FASTEST),
    k: k.mul(a.sub(1).mul(f32('a_gain')).add(1)),
    kk: l2Normed(k.mul(f32('kk_gain')), keys),
    v: linear('v', values),
    a,
    g: lowRank('g', values, sigmoid),
  }
}
