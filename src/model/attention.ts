import { dim, einsum, type Tensor } from '../tensor/index.js'
import type { AttentionKind } from '../config/index.js'
import { denseAttention, fullAttention } from './dense-attention.js'
import { branch, type Branch } from './branch.js'
import type { Hidden, Model } from './dims.js'
import { dropout } from './dropout.js'
import { globalAttention } from './global-attention.js'
import { causalLinearAttention, linearAttention } from './linear-attention.js'
import { localAttention } from './local-attention.js'
import { memoryAttention } from './memory-attention.js'
import { usesRotary, rotation } from './rotary.js'
import { normal, zeros, type Scope } from './scope.js'
import { windowAttention } from './window-attention.js'

/** Queries, keys and values of a layer, heads apart. */
export interface Projected {
  readonly q: Tensor<'batch' | 'sequence' | 'heads' | 'features_per_head'>
  readonly k: Tensor<'batch' | 'memory_length' | 'heads' | 'features_per_head'>
  readonly v: Tensor<'batch' | 'memory_length' | 'heads' | 'features_per_head'>
  /** Learned keys and values that every query sees besides, of global layers with num_mem_kv. */
  readonly slots?: { readonly k: Slots; readonly v: Slots }
}
export type Mixed = Projected['q']
export type Slots = Tensor<'mem_kv_sequence' | 'heads' | 'features_per_head'>

/** What later positions need of the earlier ones, of one layer: keys and values, or a state. */
export type Cache<T = Tensor> = { readonly [name: string]: T }

/** Positions of rows, i32: one per row [batch], or a scalar where all rows are at the same one. */
export type Positions = Tensor<'batch'>

/** What a kind of attention does with queries, keys and values: all at once, for prompts, and token by token. */
export interface AttentionRules {
  /** All positions at once. */
  attend(projected: Projected, model: Model): Mixed
  /** Positions that the cache holds, for sequences of up to `capacity` tokens. */
  cacheSize(capacity: number, model: Model): number
  /** The cache after the first `lengths` positions of each row, which begin at 0; later ones are padding. */
  prefill(projected: Projected, lengths: Positions, capacity: number, model: Model): Cache
  /** One more position, `projected` having just that one. */
  decode(projected: Projected, cache: Cache, position: Positions, model: Model): { mixed: Mixed; cache: Cache }
}

/** Kinds that do something. */
export type MixingKind = Exclude<AttentionKind, 'none'>

/** Attention to earlier positions. A new kind is a file and a line here. */
const CAUSAL: Readonly<Record<MixingKind, AttentionRules>> = {
  global: globalAttention,
  local: localAttention,
  linear: causalLinearAttention,
}
/** Attention to both sides, for masked tokens. */
const BOTH_SIDES: Readonly<Record<MixingKind, AttentionRules['attend']>> = {
  global: fullAttention,
  local: windowAttention,
  linear: linearAttention,
}

/** The rules of a layer that is sampled from. */
export function causalRules(kind: MixingKind, { config, causal }: Model): AttentionRules {
  if (!causal)
    throw new RangeError(
      'a model of masked tokens (mlm_training) sees both sides of each position: it cannot continue a text',
    )
  return kind === 'global' && config.num_mem_kv > 0 ? memoryAttention : CAUSAL[kind]
}

/**
 * Attention of each position to itself and earlier ones, or to all if the model is not causal. x [batch, sequence,
 * embd] -> the same dims and dtype. Logits are not divided by sqrt(features): GPT-Neo puts that factor into q's
 * initialiser. q, k, v have no bias. Checkpoints join heads and features into one dim. Source: gpt-neo
 * models/layers.py (attn), Mesh TensorFlow 0.1.18 transformer/attention.py.
 */
export function attention(at: Scope, x: Hidden, kind: MixingKind, model: Model): Branch {
  const projected = project(at, x, kind, model)
  const rate = kind === 'global' && at.isTraining ? model.config.attn_dropout : 0
  const mixed =
    rate > 0
      ? denseAttention(projected, model, (weights) => dropout(at, 'attn_dropout', weights, rate))
      : attendFully(kind, projected, model)
  return output(at, mixed, model)
}

/** All positions at once: of each to itself and earlier ones, or to both sides if the model is not causal. */
export function attendFully(kind: MixingKind, projected: Projected, model: Model): Mixed {
  return model.causal ? causalRules(kind, model).attend(projected, model) : BOTH_SIDES[kind](projected, model)
}

/** `position`: of the one row of x, if it is not the first of several. */
export function project(at: Scope, x: Hidden, kind: MixingKind, model: Model, position?: Positions): Projected {
  const { batch, sequence, memory, heads, features, embd, config, original } = model
  const linear = (name: string, stddev: number) =>
    einsum(
      [x, at.param(name, [embd, heads, features], normal(stddev), [heads, features])],
      [batch, sequence, heads, features],
    )
  const turn = usesRotary(config) ? rotation(model, position) : (y: Projected['q']) => y
  // The original's logits are f32 products of what bf16 runs have rounded; ours are rounded once more, which is faster.
  const wide = (y: Projected['q']) => (original ? y.cast('f32') : y)
  const projected = {
    q: wide(turn(linear('q', (embd.size * features.size) ** -0.5))),
    k: wide(turn(linear('k', embd.size ** -0.5))).rename(sequence, memory),
    v: linear('v', embd.size ** -0.5).rename(sequence, memory),
  }
  if (kind !== 'global' || config.num_mem_kv === 0) return projected
  const within = at.in('attention')
  const learned = (name: string) =>
    within.param(name, [dim('mem_kv_sequence', config.num_mem_kv), heads, features], normal(features.size ** -0.5))
  return { ...projected, slots: { k: learned('mem_k'), v: learned('mem_v') } }
}

export function output(at: Scope, mixed: Mixed, { batch, sequence, heads, features, embd, config }: Model): Branch {
  const o = at.param('o', [heads, features, embd], normal((heads.size * features.size) ** -0.5), [heads, features])
  const product = einsum([mixed, o], [batch, sequence, embd])
  const bias = at.in('compute_output_bias').param('o_b', [embd], zeros)
  return branch(at, 'res_dropout', product, bias, config.res_dropout)
}
