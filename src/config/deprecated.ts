import type { Findings, Given } from './findings.js'

/** Keys of older configs that only have another name now. */
const renamed: Readonly<Record<string, string>> = {
  activation_function: 'activation_fn',
  dataset_ids: 'datasets',
  max_steps: 'train_steps',
}
/** Keys of older configs that GPT-Neo no longer reads, and what says the same now. */
const gone: Readonly<Record<string, string>> = {
  auto_layout: 'layout says it',
  auto_layout_and_mesh_shape: 'mesh_shape and layout say it',
  autostack: 'layers that are alike are one part of the program anyway',
  beta1_adam: 'beta1 says it',
  data_path: 'datasets names configs that have a path',
  decay_exponent: 'adafactor without weight_decay has the exponent 0.8',
  decay_type: 'adafactor without weight_decay decays by a power',
  encoder_path: "the data set's config has a tokenizer_path",
  fixed_attn_block_size: 'local_attention_radius says what local layers see',
  input: 'datasets says it',
  layer_offset: 'attention_types says the kind of each layer',
  linear_decay: 'lr_decay says it',
  local: 'attention_types says the kind of each layer',
  microbatches_per_batch: 'tokens_per_mb_per_replica says it, in tokens',
  n_ctx_eval: 'n_ctx says it',
  num_cores: 'mesh_shape says it',
  num_microbatches: 'tokens_per_mb_per_replica says it, in tokens',
  predict_path: 'neomesh sample prints',
  stop_at_token: 'eos_id says it',
  use_tpu: 'neomesh --device says it',
}

export const deprecatedKeys: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(renamed).map(([key, now]) => [key, `${now} is the name now`])),
  ...gone,
}

/**
 * Config without its deprecated keys; those that have another name now are read as that. GPT-Neo itself reads none of
 * them, so its gelu stays whatever `activation_function` says.
 */
export function withoutDeprecated(given: Given, { notes, problems }: Findings, original: boolean): Given {
  const keys = { ...given }
  for (const [key, why] of Object.entries(gone)) {
    if (!(key in keys)) continue
    delete keys[key]
    notes.push(`${key} has no effect, GPT-Neo no longer reads it: ${why}`)
  }
  for (const [key, now] of Object.entries(renamed)) {
    if (!(key in keys)) continue
    const value = keys[key]
    delete keys[key]
    if (original) notes.push(`${key} has no effect, GPT-Neo reads ${now}: rename it`)
    else if (!(now in keys)) {
      keys[now] = value
      notes.push(`${key} is read as ${now}, the name of the key now: rename it`)
    } else if (JSON.stringify(keys[now]) === JSON.stringify(value))
      notes.push(`${key} says again what ${now} says: remove it`)
    else
      problems.push(`${key}: ${JSON.stringify(value)} contradicts ${now}, ${JSON.stringify(keys[now])}; remove ${key}`)
  }
  // The word of older configs for the same model.
  if (keys.model === 'GPT2') {
    keys.model = 'GPT'
    notes.push('model: "GPT2" is what older configs call "GPT": rename it')
  }
  return keys
}
