import { attentionKind } from '../../attention/index.js'
import { countLayers } from '../keys/attention-kinds.js'
import { layoutProblems } from './layout.js'
import { divisorsOf } from '../../mesh/index.js'
import type { ModelConfig } from '../keys/model-keys.js'

/** The valid keys of a config: checks that need a missing one are skipped. */
export type ValidKeys = Partial<ModelConfig>

/** Problems between keys that are valid on their own, one line each. */
export function inconsistencies(config: ValidKeys): string[] {
  return [
    heads,
    keyHeads,
    depth,
    rotary,
    alibi,
    blocks,
    mixture,
    causal,
    masked,
    tokens,
    schedule,
    layoutProblems,
  ].flatMap((check) => check(config))
}

function heads({ n_embd, n_head, head_dim }: ValidKeys): string[] {
  if (n_embd === undefined || n_head === undefined || head_dim !== undefined || n_embd % n_head === 0) return []
  const near = divisorsOf(n_embd)
    .sort((a, b) => Math.abs(a - n_head) - Math.abs(b - n_head))
    .slice(0, 3)
    .sort((a, b) => a - b)
  return [`n_head: must divide n_embd, ${n_embd} (got ${n_head}). Use ${listOf(near)}`]
}

function keyHeads({ n_head, n_kv_head, attention_types = [] }: ValidKeys): string[] {
  const pairs = attention_types.some(([kinds, repeat]) => repeat > 0 && kinds.includes('differential'))
  const [odd, name] = n_kv_head === undefined ? [n_head, 'n_head'] : [n_kv_head, 'n_kv_head']
  if (pairs && odd !== undefined && odd % 2 !== 0)
    return [`${name}: must be even with differential attention, which has heads in pairs (got ${odd})`]
  if (n_head === undefined || n_kv_head === undefined || n_head % n_kv_head === 0) return []
  return [`n_kv_head: must divide n_head, ${n_head} (got ${n_kv_head}). Use ${listOf(divisorsOf(n_head))}`]
}

/** ALiBi needs one order of positions, and slots of learned keys have none. */
function alibi({ pos_emb, rotary_emb, mlm_training, num_mem_kv = 0 }: ValidKeys): string[] {
  if (pos_emb !== 'alibi' || rotary_emb) return []
  const problems: string[] = []
  if (mlm_training) problems.push('mlm_training: must be false with pos_emb alibi (got true). Use another pos_emb')
  if (num_mem_kv > 0) problems.push(`num_mem_kv: must be 0 with pos_emb alibi (got ${num_mem_kv})`)
  return problems
}

function depth({ attention_types, n_layer }: ValidKeys): string[] {
  if (attention_types === undefined || n_layer === undefined) return []
  const length = countLayers(attention_types)
  if (length === n_layer) return []
  const [[kinds]] = attention_types.length === 1 ? attention_types : [[[]]]
  const repeat = n_layer / kinds.length
  const better = Number.isInteger(repeat) ? `. Write ${JSON.stringify([[kinds, repeat]])}` : ''
  return [`attention_types: must list n_layer layers, ${n_layer} (got ${length})${better}`]
}

function rotary({ rotary_emb, rotary_pct = 1, n_embd, n_head, head_dim, qk_rope_head_dim }: ValidKeys): string[] {
  if (!rotary_emb) return []
  if (qk_rope_head_dim !== undefined && qk_rope_head_dim % 2 !== 0)
    return [`qk_rope_head_dim: must be even, because pairs of features are rotated (got ${qk_rope_head_dim})`]
  const width = head_dim ?? (n_embd === undefined || n_head === undefined ? undefined : n_embd / n_head)
  if (width === undefined || !Number.isInteger(width)) return []
  const turned = Math.floor(width * rotary_pct)
  if (turned >= 2 && turned % 2 === 0) return []
  const what = head_dim === undefined ? 'n_embd / n_head' : 'head_dim'
  return rotary_pct === 1
    ? [`rotary_emb: ${what} must be even, because pairs of features are rotated (got ${width})`]
    : [`rotary_pct: rotary_pct times ${what}, ${width}, must be even and >= 2 (got ${turned})`]
}

/** Options of blocks that exclude each other. */
function blocks({
  norm,
  scalenorm,
  rezero,
  n_inner,
  macaron,
  tie_word_embeddings,
  no_weight_tie,
  auto_encoder,
  mlm_training,
}: ValidKeys): string[] {
  const problems: string[] = []
  if (auto_encoder && mlm_training)
    problems.push('auto_encoder: must be false with mlm_training (got true). Remove one of the two')
  if (norm === 'rmsnorm' && scalenorm && !rezero)
    problems.push('scalenorm: must be false with norm rmsnorm (got true). Remove one of the two')
  if (n_inner === 0 && macaron) problems.push('macaron: must be false with n_inner 0, without feed-forwards (got true)')
  if (tie_word_embeddings === false && no_weight_tie)
    problems.push('no_weight_tie: must be false with tie_word_embeddings false (got true). Remove one of the two')
  return problems
}

function mixture({ moe_layers = [], moe_params, n_layer }: ValidKeys): string[] {
  const problems: string[] = []
  const beyond = n_layer === undefined ? [] : moe_layers.filter((layer) => layer >= n_layer)
  if (beyond.length > 0)
    problems.push(`moe_layers: must be layer indices from 0 to ${n_layer! - 1}, n_layer - 1 (got ${beyond.join(', ')})`)
  if (moe_layers.length === 0 || moe_params === undefined) return problems
  const { moe_gating, moe_num_experts, moe_switch_top_k, moe_use_experts_attention } = moe_params
  if (moe_gating === 'top_2' && moe_num_experts < 2)
    problems.push(`moe_params.moe_num_experts: must be >= 2 with the gating top_2 (got ${moe_num_experts})`)
  if (moe_gating === 'switch' && moe_switch_top_k > moe_num_experts)
    problems.push(
      `moe_params.moe_switch_top_k: must be <= moe_num_experts, ${moe_num_experts} (got ${moe_switch_top_k})`,
    )
  if (moe_use_experts_attention)
    problems.push('moe_params.moe_use_experts_attention: must be false (got true): the original cannot run it either')
  return problems
}

/** Kinds of attention that cannot see both sides. */
function causal({ mlm_training, attention_types = [] }: ValidKeys): string[] {
  if (!mlm_training) return []
  const kinds = new Set(attention_types.flatMap(([names, repeat]) => (repeat > 0 ? names : [])))
  const found = [...kinds].filter((kind) => kind !== 'none' && attentionKind(kind).causalOnly)
  if (found.length === 0) return []
  return [
    `mlm_training: must be false with ${found.join(' and ')} attention, which sees earlier positions only (got true). ` +
      'Use global or local layers',
  ]
}

function masked(config: ValidKeys): string[] {
  if (!config.mlm_training) return []
  const { n_ctx, mlm_cls_token_id } = config
  const { mlm_mask_prob = 0.15, mlm_same_token_prob = 0, mlm_random_token_prob = 0 } = config
  const problems: string[] = []
  if (mlm_mask_prob === 0)
    problems.push('mlm_mask_prob: must be > 0 to have tokens to learn from (got 0). Use for example 0.15')
  if (mlm_cls_token_id !== undefined && n_ctx === 1)
    problems.push(
      'mlm_cls_token_id: n_ctx must be >= 2 (got 1): the token takes the first position, which leaves none for the text. ' +
        'Raise n_ctx, or remove mlm_cls_token_id',
    )
  const sum = mlm_same_token_prob + mlm_random_token_prob
  if (sum > 1) {
    problems.push(
      'mlm_random_token_prob: mlm_random_token_prob + mlm_same_token_prob must be <= 1 ' +
        `(got ${mlm_random_token_prob} + ${mlm_same_token_prob})`,
    )
  }
  return problems
}

/** Token ids that must be in the vocabulary. The padding id need not be: GPT-Neo's is 50257 with n_vocab 50257. */
function tokens({ n_vocab, eos_id, mlm_mask_id, mlm_cls_token_id, mlm_mask_ignore_ids = [] }: ValidKeys): string[] {
  if (n_vocab === undefined) return []
  const found = Object.entries({ eos_id, mlm_mask_id, mlm_cls_token_id })
  const all = [...found, ...mlm_mask_ignore_ids.map((each) => ['mlm_mask_ignore_ids', each] as const)]
  return all.flatMap(([key, value]) =>
    value === undefined || value < n_vocab ? [] : [`${key}: must be < n_vocab, ${n_vocab} (got ${value})`],
  )
}

function schedule({ lr_decay_end, warmup_steps }: ValidKeys): string[] {
  if (lr_decay_end === undefined || warmup_steps === undefined || lr_decay_end >= warmup_steps) return []
  return [`lr_decay_end: must be >= warmup_steps, ${warmup_steps} (got ${lr_decay_end})`]
}

/** `2, 4 or 8` */
function listOf(numbers: readonly number[]): string {
  return numbers.join(', ').replace(/, (\d+)$/, ' or $1')
}
