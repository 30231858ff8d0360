/**
 * The config.json of Hugging Face's GPT-Neo from a config of GPT-Neo. What Hugging Face's model cannot express is
 * refused. Source: transformers models/gpt_neo/configuration_gpt_neo.py.
 */
import { attentionKinds, type ModelConfig } from '../../config/index.js'
import { activations, compress, kindsOfBoth, layerNormEpsilon, refused } from './terms.js'

/** Keys of GPT-Neo that change what is computed, and that Hugging Face's model has nothing for. */
const ourOwn = [
  'rotary_emb',
  'axial_pos_emb',
  'num_mem_kv',
  'mlp_glu',
  'scalenorm',
  'rezero',
  'macaron',
  'share_parameters',
  'no_weight_tie',
  'moe_layers',
  'mlm_training',
  'auto_encoder',
  'qkv_bias',
  'qk_norm',
  'attention_sinks',
  'attn_logit_softcap',
  'attn_output_gate',
]

export interface ExportedConfigOptions {
  /** Rows of the vocabulary to keep. @default n_vocab */
  vocabSize?: number
  /** Id of the token that ends a text; null if unknown. */
  eosId: number | null
}

/** The config.json for a model config, as an object. Throws ConfigError. */
export function configToHuggingFace(
  config: ModelConfig,
  { vocabSize = config.n_vocab, eosId }: ExportedConfigOptions,
): Record<string, unknown> {
  const problems: string[] = []
  const keys = config as unknown as Record<string, unknown>
  for (const key of ourOwn)
    if (isOn(keys[key]))
      problems.push(`${key}: ${JSON.stringify(keys[key])} is not possible: Hugging Face's GPT-Neo has nothing like it`)
  for (const [key, needed] of Object.entries(neededValues(config)))
    if (keys[key] !== undefined && keys[key] !== needed)
      problems.push(
        `${key}: ${JSON.stringify(keys[key])} is not possible: Hugging Face's GPT-Neo has ${JSON.stringify(needed)}`,
      )
  const kinds: string[] = attentionKinds(config)
  const odd = kinds.find((kind) => !kindsOfBoth.includes(kind))
  if (odd !== undefined)
    problems.push(`attention_types: "${odd}" is not possible: Hugging Face's GPT-Neo has ${kindsOfBoth.join(' and ')}`)
  const ours = keys.activation_fn ?? 'gelu'
  const activation = Object.keys(activations).find((name) => activations[name] === ours)
  if (activation === undefined)
    problems.push(`activation_fn: "${ours}" is not possible: Hugging Face has no such function`)
  if (!(Number.isInteger(vocabSize) && vocabSize >= 1 && vocabSize <= config.n_vocab))
    problems.push(`vocabSize: ${vocabSize} is not possible: the model has ${config.n_vocab} rows`)
  if (problems.length > 0) throw refused('export to Hugging Face', problems)
  const rate = (key: string) => (typeof keys[key] === 'number' ? keys[key] : 0)
  return {
    architectures: ['GPTNeoForCausalLM'],
    model_type: 'gpt_neo',
    vocab_size: vocabSize,
    max_position_embeddings: config.n_ctx,
    hidden_size: config.n_embd,
    num_layers: config.n_layer,
    num_heads: config.n_head,
    attention_types: config.attention_types ?? compress(kinds),
    attention_layers: kinds,
    window_size: config.local_attention_radius,
    intermediate_size: null,
    activation_function: activation,
    layer_norm_epsilon: layerNormEpsilon,
    embed_dropout: rate('embed_dropout'),
    attention_dropout: rate('attn_dropout'),
    resid_dropout: rate('res_dropout'),
    initializer_range: 0.02,
    tie_word_embeddings: true,
    use_cache: true,
    bos_token_id: eosId,
    eos_token_id: eosId,
    torch_dtype: 'float32',
  }
}

/** What keys must be, or be absent, where Hugging Face's GPT-Neo has one value. */
const neededValues = ({ n_embd, n_head }: ModelConfig): Record<string, unknown> => ({
  head_dim: n_embd / n_head,
  n_kv_head: n_head,
  n_inner: 4 * n_embd,
  pos_emb: 'learned',
  norm: 'layernorm',
  norm_epsilon: layerNormEpsilon,
  bias: true,
  tie_word_embeddings: true,
})

function isOn(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}
