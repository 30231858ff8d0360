import { attentionKinds, type AttentionKind, type ModelConfig } from '../config/index.js'
import { dim, type DType } from '../tensor/index.js'

/** The dims of a model, under GPT-Neo's names, beside what of its config the layers need. */
export function modelOf(config: ModelConfig, { batch: batchSize, sequence: length = config.n_ctx }: { batch: number; sequence?: number }) {
  const kinds: readonly AttentionKind[] = attentionKinds(config)
  return {
    config,
    kinds,
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
    features: dim('features_per_head', config.n_embd / config.n_head),
    intermediate: dim('intermediate_expanded', 4 * config.n_embd),
    vocab: dim('vocab', config.n_vocab),
  }
}

export type Model = ReturnType<typeof modelOf>
/** The residual stream. */
export type HiddenNames = 'batch' | 'sequence' | 'embd'
