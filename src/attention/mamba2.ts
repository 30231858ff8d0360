import { broadcast, type Dim, type Tensor } from '../tensor/index.js'
import type { AttentionConfig, AttentionKind, AttentionShape, ParameterScope, Projections } from './contract.js'
import { logOfUniform, normal, ones, timeStep, zeros } from './initializers.js'
import { rmsNormed, silu, softplus } from './norms-and-gates.js'
import { convolved, recurrentKind, type RecurrentOutput } from './recurrent.js'
import { convolutionWeight } from './short-convolution.js'
import { fromHeads, stateCosts, stateDims, stateSize, toEachHead, toHeads } from './state-size.js'

export interface Selective extends Projections {
  /** What is written to states. [batch, sequence, heads, value_features] */
  readonly v: Tensor
  /** Where it is written, and where it is read: B and C of the paper, the same for all heads. [batch, sequence, key_features] */
  readonly b: Tensor
  readonly c: Tensor
  /** Time step, before its softplus. [batch, sequence, heads] */
  readonly step: Tensor
  /** Logarithm of the rate of each head, and the part of v that is added to what is read. [heads] */
  readonly rate: Tensor
  readonly skip: Tensor
  readonly gate: Tensor
  /** Gain of the norm over all heads. [heads, value_features] */
  readonly norm: Tensor
}

const sizeOf = stateSize(1, 2)

/**
 * Mamba-2 (SSD): a state S [keys, values] of each head, the paper's N x P, with a time step of each position,
 *
 *   S_t = e^(-e^rate step_t) S_{t-1} + b_t (x) step_t v_t,   o_t = c_t S_t + skip_h v_t,   step = softplus(linear + bias)
 *
 * v, b and c go through a short convolution with a bias and SiLU; b and c are the same for all heads. What is read, times SiLU
 * of a gate, goes through one RMSNorm over all heads. Values have twice a head's features. In f32. The cache is the state and
 * the convolutions' last inputs.
 * Source: Dao and Gu 2024, "Transformers are SSMs"; the layer is that of transformers' Mamba2Mixer with one group.
 */
export const mamba2Attention: AttentionKind<Selective, RecurrentOutput> = recurrentKind('mamba2', {
  keys: ['state_key_size', 'state_value_size', 'short_conv_width'],
  state: (config) => stateDims(sizeOf(config)),
  project,
  ...convolved(['v', 'b', 'c']),
  recurrence({ v, b, c, step, rate }, { batch, sequence, heads, config }) {
    const { keys } = stateDims(sizeOf(config))
    const steps = softplus(step.cast('f32'))
    const shared = (x: Tensor): Tensor => broadcast(x.cast('f32'), [batch, sequence, heads, keys])
    return { q: shared(c), k: shared(b), v: v.cast('f32').mul(steps), decay: steps.mul(rate.cast('f32').exp()).neg() }
  },
  finish(read, { v, skip, gate, norm }, { heads, config }) {
    const all: Tensor = read.add(v.cast('f32').mul(skip.cast('f32')))
    return rmsNormed(all.mul(silu(gate.cast('f32'))), norm, stateDims(sizeOf(config)).values, heads)
  },
  output: (at, mixed, shape) => fromHeads(at, mixed, stateDims(sizeOf(shape.config)).values, shape),
  costs(config) {
    const size = sizeOf(config)
    return stateCosts(config, size, { tail: before(config) * (config.n_head * size.values + 2 * size.keys) })
  },
})

const before = ({ short_conv_width }: AttentionConfig) => Math.max(0, short_conv_width - 1)

function project(at: ParameterScope, x: Tensor, shape: AttentionShape): Selective {
  const { batch, sequence, heads, embd, config } = shape
  const { keys, values } = stateDims(sizeOf(config))
  const shared = (name: string): Tensor =>
    at.linear(x, name, [embd, keys], normal(embd.size ** -0.5), [batch, sequence, keys])
  const convolution = (name: string, features: readonly Dim[]): { [name: string]: Tensor } => {
    const weight = convolutionWeight(at, `${name}_conv`, features, config)
    const bias = `${name}_conv_bias`
    return weight ? { [`${name}_conv`]: weight, [bias]: at.param(bias, features, zeros, features) } : {}
  }
  return {
    v: toHeads(at, x, 'v', values, shape),
    b: shared('b'),
    c: shared('c'),
    step: toEachHead(at, x, 'step', shape).add(at.param('step_bias', [heads], timeStep(0.001, 0.1))),
    rate: at.param('decay_rate', [heads], logOfUniform(1, 16)),
    skip: at.param('skip', [heads], ones),
    gate: toHeads(at, x, 'gate', values, shape),
    norm: at.param('norm', [heads, values], ones, [heads, values]),
    ...convolution('v', [heads, values]),
    ...convolution('b', [keys]),
    ...convolution('c', [keys]),
  }
}
