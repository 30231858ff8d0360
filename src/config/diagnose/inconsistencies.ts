import { countLayers } from '../keys/attention-kinds.js'
import { layoutProblems } from './layout.js'
import { divisorsOf } from '../../mesh/index.js'
import type { ModelConfig } from '../keys/model-keys.js'

/** A config of which some keys may be missing, because they are wrong: what can be said without them is said. */
export type Known = Partial<ModelConfig>

/** What is wrong between keys, each of which is right alone. */
export function inconsistencies(config: Known): string[] {
  return [heads, depth, rotary, mixture, masked, tokens, schedule, layoutProblems].flatMap((check) => check(config))
}

function heads({ n_embd, n_head }: Known): string[] {
  if (n_embd === undefined || n_head === undefined || n_embd % n_head === 0) return []
  const near = divisorsOf(n_embd)
    .sort((a, b) => Math.abs(a - n_head) - Math.abs(b - n_head))
    .slice(0, 3)
    .sort((a, b) => a - b)
  return [`n_head: ${n_head} heads do not divide n_embd ${n_embd}; ${near.join(', ')} would`]
}

function depth({ attention_types, n_layer }: Known): string[] {
  if (attention_types === undefined || n_layer === undefined) return []
  const length = countLayers(attention_types)
  if (length === n_layer) return []
  const [[kinds]] = attention_types.length === 1 ? attention_types : [[[]]]
  const repeat = n_layer / kinds.length
  const better = Number.isInteger(repeat) ? `; ${JSON.stringify([[kinds, repeat]])} lists ${n_layer}` : ''
  return [`attention_types: it lists ${length} ${length === 1 ? 'layer' : 'layers'}, n_layer is ${n_layer}${better}`]
}

function rotary({ rotary_emb, n_embd, n_head }: Known): string[] {
  if (!rotary_emb || n_embd === undefined || n_head === undefined || n_embd % n_head !== 0) return []
  const width = n_embd / n_head
  return width % 2 === 0
    ? []
    : [`rotary_emb: it turns pairs of features, and a head has ${width}, n_embd / n_head; make that even`]
}

function mixture({ moe_layers = [], moe_params, n_layer }: Known): string[] {
  const problems: string[] = []
  const beyond = n_layer === undefined ? [] : moe_layers.filter((layer) => layer >= n_layer)
  if (beyond.length > 0)
    problems.push(
      `moe_layers: layer ${beyond.join(', ')} is not there; n_layer is ${n_layer}, and layers count from 0 to ` +
        `${n_layer! - 1}`,
    )
  if (moe_layers.length === 0 || moe_params === undefined) return problems
  const { moe_gating, moe_num_experts, moe_switch_top_k, moe_use_experts_attention } = moe_params
  if (moe_gating === 'top_2' && moe_num_experts < 2)
    problems.push(`moe_params.moe_num_experts: top_2 gives a token to two experts, and there is ${moe_num_experts}`)
  if (moe_gating === 'switch' && moe_switch_top_k > moe_num_experts)
    problems.push(`moe_params.moe_switch_top_k: ${moe_switch_top_k} is more than moe_num_experts, ${moe_num_experts}`)
  if (moe_use_experts_attention)
    problems.push('moe_params.moe_use_experts_attention: true is not possible, in GPT-Neo neither; write false')
  return problems
}

function masked(config: Known): string[] {
  if (!config.mlm_training) return []
  const { n_ctx, mlm_cls_token_id } = config
  const { mlm_mask_prob = 0.15, mlm_same_token_prob = 0, mlm_random_token_prob = 0 } = config
  const problems: string[] = []
  if (mlm_mask_prob === 0)
    problems.push('mlm_mask_prob: 0 leaves nothing to learn; give the part of the tokens to mask, such as 0.15')
  if (mlm_cls_token_id !== undefined && n_ctx === 1)
    problems.push(
      'mlm_cls_token_id: n_ctx must be >= 2 (got 1): the token takes the first position, which leaves none for the text. ' +
        'Raise n_ctx, or remove mlm_cls_token_id',
    )
  const sum = mlm_same_token_prob + mlm_random_token_prob
  if (sum > 1) {
    problems.push(
      `mlm_random_token_prob: ${mlm_random_token_prob} and mlm_same_token_prob ${mlm_same_token_prob} are parts of ` +
        'the same tokens, and more than 1 together',
    )
  }
  return problems
}

/** Token ids that are to be in the vocabulary. The padding id need not be: GPT-Neo's own is 50257 of 50257. */
function tokens({ n_vocab, eos_id, mlm_mask_id, mlm_cls_token_id, mlm_mask_ignore_ids = [] }: Known): string[] {
  if (n_vocab === undefined) return []
  const found = Object.entries({ eos_id, mlm_mask_id, mlm_cls_token_id })
  const all = [...found, ...mlm_mask_ignore_ids.map((each) => ['mlm_mask_ignore_ids', each] as const)]
  return all.flatMap(([key, value]) =>
    value === undefined || value < n_vocab
      ? []
      : [`${key}: ${value} is not in the vocabulary; n_vocab is ${n_vocab}, the last id ${n_vocab - 1}`],
  )
}

function schedule({ lr_decay_end, warmup_steps }: Known): string[] {
  if (lr_decay_end === undefined || warmup_steps === undefined || lr_decay_end >= warmup_steps) return []
  return [`lr_decay_end: ${lr_decay_end} is before the end of the warm-up, ${warmup_steps}`]
}
