/** What a kind of attention states about itself, and what of a model it sees. */
import type { Dim, DType, Tensor } from '../tensor/index.js'
import type { Initializer } from './initializers.js'

/** Config keys that attention reads; a model's config has them all. */
export interface AttentionConfig {
  readonly n_ctx: number
  readonly n_embd: number
  readonly n_head: number
  readonly head_dim?: number
  readonly precision: 'float32' | 'bfloat16'
  readonly mlm_training: boolean
  readonly local_attention_radius: number
  readonly num_mem_kv: number
  readonly bias: boolean
  readonly norm_epsilon: number
  readonly rotary_emb?: boolean
  readonly pos_emb: 'learned' | 'alibi' | 'none'
  readonly n_kv_head?: number
  readonly qkv_bias: boolean
  readonly qk_norm: boolean
  readonly attention_sinks: boolean
  readonly attn_logit_softcap: number
  readonly attn_output_gate: boolean
  readonly kv_lora_rank?: number
  readonly q_lora_rank: number
  readonly qk_nope_head_dim?: number
  readonly qk_rope_head_dim?: number
  readonly v_head_dim?: number
  readonly attn_dropout: number
  readonly negative_eigenvalues: boolean
  readonly state_key_size?: number
  readonly state_value_size?: number
  readonly short_conv_width: number
}

/** The dims of a model that attention sees, under GPT-Neo's names. */
export interface AttentionShape {
  readonly config: AttentionConfig
  readonly batch: Dim<'batch'>
  readonly sequence: Dim<'sequence'>
  /** Keys and values: the same positions under another name, so that a product can have both. */
  readonly memory: Dim<'memory_length'>
  readonly embd: Dim<'embd'>
  readonly heads: Dim<'heads'>
  readonly features: Dim<'features_per_head'>
  /** Whether a position sees itself and earlier ones only. */
  readonly causal: boolean
  /** Dtype of activations. */
  readonly compute: DType
  /** Whether to compute what the original does, its known mistakes included. */
  readonly original: boolean
  /** Parts that a mesh splits a dim into, by its name. */
  readonly parts: (dim: string) => number
  /** Set where rows hold several documents that do not see each other. */
  readonly packing?: Packing
}

/** Documents in rows, i32 [batch, sequence]. */
export interface Packing {
  /** Number of the document of each position, the same for its positions alone. */
  readonly documents: Tensor<'batch' | 'sequence'>
  /** Position in the document, from 0. */
  readonly positions: Tensor<'batch' | 'sequence'>
}

/** Hands out learned parameters by name, in the dtype of activations. */
export interface ParameterScope {
  /** Index of the layer, from 0; an u32 scalar in a scan over layers. */
  readonly layer: number | Tensor<never>
  in(name: string): ParameterScope
  /** `join` lists neighbouring dims that are one dim in checkpoints, under the first one's name. */
  param<N extends string>(
    name: string,
    dims: readonly Dim<N>[],
    initializer: Initializer,
    join?: readonly Dim[],
  ): Tensor<N>
  /**
   * x times the parameter of this name, in the dims `to`, summed over the others: as `einsum([x, param(...)], to)`, but
   * training an adapter of the parameter (lora_rank) takes less.
   */
  linear<N extends string>(
    x: Tensor,
    name: string,
    dims: readonly Dim[],
    initializer: Initializer,
    to: readonly Dim<N>[],
    join?: readonly Dim[],
  ): Tensor<N>
}

/** What a layer attends with, by name: each kind has its own. */
export interface Projections {
  readonly [name: string]: Tensor | undefined
}

/**
 * Queries, keys and values of a layer, heads apart: the projections of most kinds (heads.ts). With n_kv_head keys and values
 * have fewer heads.
 */
export interface Projected extends Projections {
  readonly q: Tensor<'batch' | 'sequence' | 'heads' | 'features_per_head'>
  readonly k: Tensor<'batch' | 'memory_length' | 'heads' | 'features_per_head'>
  readonly v: Tensor<'batch' | 'memory_length' | 'heads' | 'features_per_head'>
  /** A logit of each head without a value, f32. */
  readonly sinks?: Tensor<'heads'>
  /** Of what each head attends to, before the sigmoid. */
  readonly gate?: AttentionOutput
}
export type AttentionOutput = Tensor<'batch' | 'sequence' | 'heads' | 'features_per_head'>
/** What a layer adds to the stream. A bias that is last is apart, so that it can be added after the stream. */
export interface AttentionResult {
  readonly product: Tensor<'batch' | 'sequence' | 'embd'>
  readonly bias?: Tensor<'embd'>
}

/** What `project` knows of the positions. */
export interface ProjectContext {
  /** Of the one token per row while decoding; absent where positions are 0, 1, ... */
  readonly position?: Positions
  /**
   * Turns queries or keys by their positions if the model has rotary positions: all of the `features` given. @default those
   * of a head, or their part that rotary_pct says
   */
  rotate(y: AttentionOutput, features?: Dim<'features_per_head'>): AttentionOutput
}

/** How much each query attends to each key, f32; rows sum to 1, or to less with attention sinks. */
export type AttentionWeights = Tensor<'batch' | 'heads' | 'sequence' | 'memory_length'>

/** What later positions need of the earlier ones, of one layer: keys and values, or a state. */
export type Cache<T = Tensor> = { readonly [name: string]: T }

/** Positions of rows, i32: one per row [batch], or a scalar where all rows are at the same one. */
export type Positions = Tensor<'batch'>

export interface AttentionCosts {
  /** Keys of n_embd features, or what costs the same, that a query meets on average over a context. */
  readonly keysSeen: number
  /** Of those, keys whose weights the backward pass computes a second time. */
  readonly keysRecomputed: number
  /** Bytes of a cache: for each token of a sequence, and for each sequence whatever its length. */
  readonly cache: { readonly perToken: number; readonly perSequence: number }
}

/**
 * A kind of attention: its mathematics at once, for prompts and token by token, and every fact that others ask of it. P:
 * its projections; O: what it attends to, before `output`.
 */
export interface AttentionKind<P extends Projections = Projected, O extends Tensor = AttentionOutput> {
  /** Config keys that have no effect without a layer of this kind. */
  readonly keys: readonly (keyof AttentionConfig)[]
  /**
   * What the layer attends with, from the normed stream x [batch, sequence, embd], and what else it learns.
   * @default queries, keys and values of every head (`projectHeads`)
   */
  project?(
    at: ParameterScope,
    x: Tensor<'batch' | 'sequence' | 'embd'>,
    shape: AttentionShape,
    context: ProjectContext,
  ): P
  /** Back to [batch, sequence, embd]. @default linear in all heads, with a bias (`outputOfHeads`) */
  output?(at: ParameterScope, mixed: O, shape: AttentionShape): AttentionResult
  /**
   * All positions at once: of each to itself and earlier ones, or to both sides if `shape.causal` is false. `drop` is
   * given in training with attn_dropout, for kinds that have it among their keys.
   */
  attend(projected: P, shape: AttentionShape, drop?: (weights: AttentionWeights) => AttentionWeights): O
  /**
   * The cache after the first `lengths` positions of each row, which begin at 0; later ones are padding. It has room for
   * sequences of `capacity` tokens.
   */
  prefill(projected: P, lengths: Positions, capacity: number, shape: AttentionShape): Cache
  /** One more position per row, of which `projected` is; the cache with it. */
  decode(projected: P, cache: Cache, position: Positions, shape: AttentionShape): { output: O; cache: Cache }
  /**
   * Several more positions per row, from `position` (i32 scalar) on, of which the first `length` (i32 scalar, at least one)
   * are tokens and the others padding; the cache with those, which the caller does not write to. At position 0 the cache
   * is all zeros. What a token gets must not depend on the padding. Absent: prompts are computed in one pass.
   */
  extend?(
    projected: P,
    cache: Cache,
    position: Tensor<never>,
    length: Tensor<never>,
    shape: AttentionShape,
  ): { output: O; cache: Cache }
  /** Whether positions may see earlier ones only: the kind cannot be in a model of masked tokens. @default false */
  readonly causalOnly?: boolean
  /** Whether `attend` keeps the documents of `shape.packing` apart; else that is done by `weights`. @default false */
  readonly attendsWithinDocuments?: boolean
  /** The weights that a map shows, with learned keys before the others; absent if the kind has none. */
  weights?(projected: P, shape: AttentionShape): AttentionWeights
  costs(config: AttentionConfig): AttentionCosts
  /** What is worth knowing about a config that has such layers, one line each. */
  hints?(config: AttentionConfig): string[]
  /** Whether the original can split the sequence into `parts` parts; any mesh can here. */
  originalSplits?(config: AttentionConfig, parts: number): boolean
}

/** A kind whose projections are not known. */
export type AnyAttentionKind = AttentionKind<Projections, Tensor>

/** Features of a head. */
export function headFeatures({
  n_embd,
  n_head,
  head_dim,
}: Pick<AttentionConfig, 'n_embd' | 'n_head' | 'head_dim'>): number {
  return head_dim ?? n_embd / n_head
}

/** Features of all heads of queries over n_embd: what a key costs, in keys of n_embd features. */
export function keyWidth(config: AttentionConfig): number {
  return (config.n_head * headFeatures(config)) / config.n_embd
}

/** Bytes of a key and a value of all heads, in the dtype of activations. */
export function bytesOfPair(config: AttentionConfig): number {
  return 2 * (config.n_kv_head ?? config.n_head) * headFeatures(config) * (config.precision === 'bfloat16' ? 2 : 4)
}
