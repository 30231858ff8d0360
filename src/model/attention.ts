import { einsum, type Tensor } from '../tensor/index.js'
import type { AttentionKind } from '../config/index.js'
import type { HiddenNames, Model } from './dims.js'
import { globalAttention } from './global-attention.js'
import { localAttention } from './local-attention.js'
import { normal, zeros, type Scope } from './scope.js'

/** Queries, keys and values of a layer, heads apart. */
export interface Projected {
  readonly q: Tensor<'batch' | 'sequence' | 'heads' | 'features_per_head'>
  readonly k: Tensor<'batch' | 'memory_length' | 'heads' | 'features_per_head'>
  readonly v: Tensor<'batch' | 'memory_length' | 'heads' | 'features_per_head'>
}
export type Mixed = Projected['q']

/** Keys and values that later positions need, of one layer. */
export interface Cache<T = Tensor> {
  readonly k: T
  readonly v: T
}

/** What a kind of attention does with queries, keys and values, and how it goes on from one position to the next. */
export interface AttentionRules {
  /** All positions at once. */
  mix(projected: Projected, model: Model): Mixed
  /** Positions that the cache holds, for sequences of up to `capacity` tokens. */
  cacheSize(capacity: number, model: Model): number
  /** The cache after the positions of `projected`, which begin at 0. */
  start(projected: Projected, capacity: number, model: Model): Cache
  /** One more position, `projected` having just that one; `position` is an i32 scalar. */
  step(projected: Projected, cache: Cache, position: Tensor<never>, model: Model): { mixed: Mixed; cache: Cache }
}

/** A new kind is a file and a line here. */
export const ATTENTION: Readonly<Record<AttentionKind, AttentionRules>> = { global: globalAttention, local: localAttention }

/**
 * Attention of each position to itself and earlier ones. x [batch, sequence, embd] -> the same dims and dtype.
 * Logits are not divided by sqrt(features): GPT-Neo puts that factor into q's initialiser. q, k, v have no bias.
 * Checkpoints join heads and features into one dim. Source: gpt-neo models/layers.py (attn), Mesh TensorFlow 0.1.18
 * transformer/attention.py.
 */
export function attention(at: Scope, x: Tensor<HiddenNames>, kind: AttentionKind, model: Model): Tensor<HiddenNames> {
  return output(at, ATTENTION[kind].mix(project(at, x, model), model), model)
}

export function project(at: Scope, x: Tensor<HiddenNames>, { batch, sequence, memory, heads, features, embd }: Model): Projected {
  const linear = (name: string, stddev: number) =>
    einsum([x, at.param(name, [embd, heads, features], normal(stddev), [heads, features])], [batch, sequence, heads, features])
  return {
    q: linear('q', (embd.size * features.size) ** -0.5),
    k: linear('k', embd.size ** -0.5).rename(sequence, memory),
    v: linear('v', embd.size ** -0.5).rename(sequence, memory),
  }
}

export function output(at: Scope, mixed: Mixed, { batch, sequence, heads, features, embd }: Model): Tensor<HiddenNames> {
  const o = at.param('o', [heads, features, embd], normal((heads.size * features.size) ** -0.5), [heads, features])
  return einsum([mixed, o], [batch, sequence, embd]).add(at.in('compute_output_bias').param('o_b', [embd], zeros)) as Tensor
}
