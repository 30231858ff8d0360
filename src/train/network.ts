/** Whether weights fit a config: which keys make another network. */
import { ATTENTION_KINDS, attentionKind, type AttentionKindName } from '../attention/index.js'
import { attentionKinds, type ModelConfig } from '../config/index.js'

/** Keys that decide which variables a model has, and what they mean to each other. */
const SHAPE_KEYS = [
  'n_vocab',
  'n_ctx',
  'n_embd',
  'n_head',
  'head_dim',
  'n_kv_head',
  'qkv_bias',
  'qk_norm',
  'attention_sinks',
  'attn_output_gate',
  'kv_lora_rank',
  'q_lora_rank',
  'qk_nope_head_dim',
  'qk_rope_head_dim',
  'v_head_dim',
  'n_layer',
  'num_mem_kv',
  'state_key_size',
  'state_value_size',
  'short_conv_width',
  'rotary_emb',
  'pos_emb',
  'axial_pos_emb',
  'n_inner',
  'norm',
  'bias',
  'tie_word_embeddings',
  'mlp_glu',
  'scalenorm',
  'rezero',
  'macaron',
  'share_parameters',
  'no_weight_tie',
  'auto_encoder',
  'moe_layers',
] as const

/** Keys of the variables that adapters add, which a run cannot gain, lose or change. */
const ADAPTER_KEYS = ['lora_rank', 'lora_targets'] as const

/** Keys that make another function of the same variables. */
const FUNCTION_KEYS = [
  'local_attention_radius',
  'negative_eigenvalues',
  'activation_fn',
  'mlm_training',
  'norm_epsilon',
  'rope_theta',
  'rotary_pct',
  'attn_logit_softcap',
] as const

/** Keys of the one kind of positions that a model has. */
const OF_POSITIONS = new Set<string>(['pos_emb', 'rope_theta', 'rotary_pct'])

/** A key of the network that two configs disagree about. */
export interface NetworkDifference {
  readonly key: keyof ModelConfig
  /** What the weights have. */
  readonly weights: unknown
  readonly config: unknown
}

/**
 * Where the config of weights and another one are of different networks: other variables, attention kinds or heads. With
 * `exact`, for a new run, other functions of the same variables count too, and adapters do not. Empty where the weights fit.
 */
export function networkDifferences(
  weights: ModelConfig,
  config: ModelConfig,
  { exact = false } = {},
): NetworkDifference[] {
  const keys = exact ? [...SHAPE_KEYS, ...FUNCTION_KEYS] : [...SHAPE_KEYS, ...ADAPTER_KEYS]
  const found: NetworkDifference[] = keys
    // Where one is rotary and the other is not, rotary_emb says it.
    .filter((key) => !OF_POSITIONS.has(key) || Boolean(weights.rotary_emb) === Boolean(config.rotary_emb))
    // What neither names follows from other keys, which then differ.
    .filter((key) => weights[key] !== undefined || config[key] !== undefined)
    .filter((key) => text(valueOf(weights, key)) !== text(valueOf(config, key)))
    .map((key) => ({ key, weights: weights[key], config: config[key] }))
  const [theirs, ours] = [weights, config].map((each) => attentionKinds(each))
  if (weights.n_layer === config.n_layer && theirs.join() !== ours.join())
    found.push({ key: 'attention_types', weights: summary(theirs), config: summary(ours) })
  return found
}

/** The differences in words, as after "the config must have ": `n_embd 4 (got 8), n_layer 1 (got 2)`. */
export function describeDifferences(differences: readonly NetworkDifference[]): string {
  return differences.map(({ key, weights, config }) => `${key} ${shown(weights)} (got ${shown(config)})`).join(', ')
}

const keysOf = (kind: AttentionKindName): readonly string[] => attentionKind(kind).keys
/** Keys that only some kinds of attention read. */
const OF_KINDS = new Set(Object.keys(ATTENTION_KINDS).flatMap((kind) => keysOf(kind as AttentionKindName)))

/** Without a layer that reads it, a key does not count. */
function valueOf(
  config: ModelConfig,
  key: (typeof SHAPE_KEYS)[number] | (typeof FUNCTION_KEYS)[number] | (typeof ADAPTER_KEYS)[number],
): unknown {
  const kinds = attentionKinds(config)
  if (OF_KINDS.has(key) && !kinds.some((kind) => kind !== 'none' && keysOf(kind).includes(key))) return null
  if (key === 'lora_targets' && config.lora_rank === 0) return null
  if (key === 'rotary_emb') return config.rotary_emb ?? false
  if ((key === 'rope_theta' || key === 'rotary_pct') && !config.rotary_emb) return null
  if (key === 'pos_emb' && config.rotary_emb) return null
  if (key === 'n_kv_head') return config.n_kv_head ?? config.n_head
  if (key === 'head_dim') return config.head_dim ?? config.n_embd / config.n_head
  if (key === 'n_inner') return config.n_inner ?? 4 * config.n_embd
  return config[key]
}

const text = (value: unknown) => JSON.stringify(value) ?? 'none'
const shown = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'))

/** `global, local x 6`: the shortest period of the kinds. */
function summary(kinds: readonly string[]): string {
  for (let period = 1; period < kinds.length; period++)
    if (kinds.length % period === 0 && kinds.every((kind, i) => kind === kinds[i % period]))
      return `[${kinds.slice(0, period).join(', ')}] x ${kinds.length / period}`
  return `[${kinds.join(', ')}]`
}
