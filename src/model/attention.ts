import {
  attentionKind,
  type AttentionKindName,
  type AttentionOutput,
  type AttentionWeights,
  type Positions,
  type Projected,
} from '../attention/index.js'
import { einsum } from '../tensor/index.js'
import { residualBranch, type ResidualBranch } from './residual.js'
import type { Hidden, Model } from './dims.js'
import { dropout } from './dropout.js'
import { usesRotary, rotation } from './positions/rotary.js'
import { normal, zeros, type Scope } from './scope.js'

/**
 * Attention of each position to itself and earlier ones, or to all if the model is not causal. x [batch, sequence,
 * embd] -> the same dims and dtype. Logits are not divided by sqrt(features): GPT-Neo puts that factor into q's
 * initialiser. q, k, v have no bias. Checkpoints join heads and features into one dim. Source: gpt-neo
 * models/layers.py (attn), Mesh TensorFlow 0.1.18 transformer/attention.py.
 */
export function attention(at: Scope, x: Hidden, kind: AttentionKindName, model: Model): ResidualBranch {
  const projected = project(at, x, kind, model)
  const { keys, attend } = attentionKind(kind)
  const rate = at.isTraining && keys.includes('attn_dropout') ? model.config.attn_dropout : 0
  const drop = (weights: AttentionWeights) => dropout(at, 'attn_dropout', weights, rate)
  return output(at, attend(projected, model, rate > 0 ? drop : undefined), model)
}

/** Queries, keys and values, and what the kind adds. `position`: of the one token per row, unless there are several. */
export function project(at: Scope, x: Hidden, kind: AttentionKindName, model: Model, position?: Positions): Projected {
  const { batch, sequence, memory, heads, features, embd, config, original } = model
  const linear = (name: string, stddev: number) =>
    einsum(
      [x, at.param(name, [embd, heads, features], normal(stddev), [heads, features])],
      [batch, sequence, heads, features],
    )
  const turn = usesRotary(config) ? rotation(model, position) : (y: Projected['q']) => y
  // The original's logits are f32 products of what bf16 runs have rounded; ours are rounded once more, which is faster.
  const widen = (y: Projected['q']) => (original ? y.cast('f32') : y)
  const projected = {
    q: widen(turn(linear('q', (embd.size * features.size) ** -0.5))),
    k: widen(turn(linear('k', embd.size ** -0.5))).rename(sequence, memory),
    v: linear('v', embd.size ** -0.5).rename(sequence, memory),
  }
  return attentionKind(kind).extend?.(at, projected, model) ?? projected
}

export function output(
  at: Scope,
  mixed: AttentionOutput,
  { batch, sequence, heads, features, embd, config }: Model,
): ResidualBranch {
  const o = at.param('o', [heads, features, embd], normal((heads.size * features.size) ** -0.5), [heads, features])
  const product = einsum([mixed, o], [batch, sequence, embd])
  const bias = at.in('compute_output_bias').param('o_b', [embd], zeros)
  return residualBranch(at, 'res_dropout', product, bias, config.res_dropout)
}
