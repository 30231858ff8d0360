import { attentionKinds, type AttentionKind } from '../config/keys/attention-kinds.js'
import { headFeatures, type Packing } from '../attention/index.js'
import type { ModelConfig } from '../config/index.js'
import { dim, type DType, type Tensor } from '../tensor/index.js'

/** What a layer is made of; layers that are alike may share a part of the program. */
export interface LayerPlan {
  readonly attention: AttentionKind
  /** Whether the feed-forward is a mixture of experts. */
  readonly mixture: boolean
}

/** How much of its data a model sees at once. */
export interface Extent {
  readonly batch: number
  /** @default n_ctx */
  readonly sequence?: number
  /** Parts that a training step is cut into. @default 1 */
  readonly microbatches?: number
  /** Parts that a mesh splits a dim into, by its name. @default 1 */
  readonly parts?: (dim: string) => number
}

/** The dims of a model, under GPT-Neo's names, beside what of its config the layers need. */
export function modelShape(
  config: ModelConfig,
  { batch: batchSize, sequence: length = config.n_ctx, microbatches = 1, parts = () => 1 }: Extent,
) {
  const kinds: readonly AttentionKind[] = attentionKinds(config)
  return {
    config,
    microbatches,
    parts,
    kinds,
    layers: kinds.map((attention, i): LayerPlan => ({ attention, mixture: config.moe_layers.includes(i) })),
    /** Whether a position sees earlier ones only. */
    causal: !config.mlm_training,
    /** Whether to compute what the original does, its known mistakes included. */
    original: config.compat === 'gpt-neo',
    /** Dtype of activations; parameters are f32 and cast where they are used. */
    compute: (config.precision === 'bfloat16' ? 'bf16' : 'f32') as DType,
    batch: dim('batch', batchSize),
    sequence: dim('sequence', length),
    /** Keys and values: the same positions under another name, so that a product can have both. */
    memory: dim('memory_length', length),
    /** Rows of the position table, of which a shorter sequence uses the first. */
    embedSequence: dim('embed_sequence', config.n_ctx),
    embd: dim('embd', config.n_embd),
    heads: dim('heads', config.n_head),
    features: dim('features_per_head', headFeatures(config)),
    /** Unused with n_inner 0. */
    intermediate: dim('intermediate_expanded', config.n_inner || 4 * config.n_embd),
    /** Padded so that a mesh can split it; entries beyond `vocabSize` are zero and masked. */
    vocab: dim('vocab', Math.ceil(config.n_vocab / parts('vocab')) * parts('vocab')),
    /** Size of the vocabulary without padding. */
    vocabSize: config.n_vocab,
    /** Set where rows hold several documents that do not see each other. */
    packing: undefined as Packing | undefined,
    /** The most labels of a row, where the loss counts labels >= 0 alone. */
    labelled: undefined as number | undefined,
  }
}

/** @deprecated Use modelShape. */
export const modelOf = modelShape

// An interface, so that declarations (of notebook cells, too) name it instead of repeating it.
export interface Model extends ReturnType<typeof modelShape> {}
/** The residual stream. */
export type HiddenNames = 'batch' | 'sequence' | 'embd'
export type Hidden = Tensor<HiddenNames>
