/**
 * Keys of GPT-Neo's older versions, and of ConnorJL/GPT2, from which it was made. Source: the configs and the Python of
 * both histories.
 */
import type { Diagnostics, RawConfig } from '../diagnose/diagnostics.js'
import { optimizerNames } from '../keys/training.js'

/** Keys of older configs that have another name now. */
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
  causal: 'mlm_training says it',
  data_path: 'datasets names configs that have a path',
  data_path_: 'datasets names configs that have a path',
  dataset_seed: 'seed says it',
  datasets_: 'datasets says it',
  decay_exponent: 'adafactor without weight_decay has the exponent 0.8',
  decay_type: 'adafactor without weight_decay decays by a power',
  encoder_path: "the data set's config has a tokenizer_path",
  fixed_attn_block_size: 'local_attention_radius says what local layers see',
  gpu_ids: 'neomesh --device says it',
  input: 'datasets says it',
  lambada_n_steps: 'eval_steps says it',
  lambada_tokens_path: "the data set's config says it",
  layer_offset: 'attention_types says the kind of each layer',
  linear_decay: 'lr_decay says it',
  local: 'attention_types says the kind of each layer',
  microbatches_per_batch: 'tokens_per_mb_per_replica says it, in tokens',
  model_dir: 'neomesh train --run names the folder',
  n_ctx_eval: 'n_ctx says it',
  num_cores: 'mesh_shape says it',
  num_cores2: 'mesh_shape says it',
  num_microbatches: 'tokens_per_mb_per_replica says it, in tokens',
  predict_path: 'neomesh sample prints',
  sampling_use_entmax: 'neomesh sample uses softmax',
  scale: 'scale_by_depth says it',
  slow_sampling: 'neomesh sample uses a cache of keys and values',
  stitch: 'every sample is read once in each pass',
  stop_at_token: 'eos_id says it',
  text_len: 'neomesh sample has an option',
  top_k: 'neomesh sample has an option',
  use_tpu: 'neomesh --device says it',
  wd_exponent: 'weight_decay is constant',
  wd_type: 'weight_decay is constant',
  wikitext_n_steps: 'eval_steps says it',
  wikitext_path: 'the tasks are not there yet',
}

export const deprecatedKeys: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(renamed).map(([key, now]) => [key, `${now} is the name now`])),
  ...gone,
}

/** Renamed keys whose old and new values may differ: nothing that is computed depends on the old one. */
const harmless = ['dataset_ids', 'max_steps']

/**
 * Config without its deprecated keys; those that have another name now are read as that. GPT-Neo itself reads none of
 * them, so its gelu stays whatever `activation_function` says.
 */
export function withoutDeprecated(given: RawConfig, diagnostics: Diagnostics, original: boolean): RawConfig {
  const { notes, problems } = diagnostics
  const keys = withOldForms(withOptimizerKeys(given, diagnostics, original), notes)
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
    else if (!(now in keys) || isEmptyList(keys[now])) {
      keys[now] = value
      notes.push(`${key} is read as ${now}, the name of the key now: rename it`)
    } else if (JSON.stringify(keys[now]) === JSON.stringify(value))
      notes.push(`${key} says again what ${now} says: remove it`)
    else if (harmless.includes(key))
      notes.push(`${key} has no effect beside ${now}: ${shown(keys[now])} is used, not ${shown(value)}. Remove ${key}`)
    else problems.push(`${key}: ${shown(value)} contradicts ${now}, ${shown(keys[now])}; remove ${key}`)
  }
  // The word of older configs for the same model.
  if (keys.model === 'GPT2') {
    keys.model = 'GPT'
    notes.push('model: "GPT2" is what older configs call "GPT": rename it')
  }
  return keys
}

/** The first configs of ConnorJL/GPT2 have what concerns the optimizer in an object, and its name as `name`. */
function withOptimizerKeys(given: RawConfig, { notes, problems }: Diagnostics, original: boolean): RawConfig {
  const { opt_params: inner, ...keys } = given
  if (isObject(inner)) {
    if (original) notes.push('opt_params has no effect, GPT-Neo reads lr and the like beside the other keys')
    else {
      for (const [key, value] of Object.entries(inner)) {
        if (key in keys && JSON.stringify(keys[key]) !== JSON.stringify(value))
          problems.push(`opt_params.${key}: ${shown(value)} contradicts ${key}, ${shown(keys[key])}; remove opt_params`)
        else keys[key] = value
      }
      notes.push(`opt_params: its keys (${Object.keys(inner).join(', ')}) are read as if they stood outside: move them`)
    }
  } else if (inner !== undefined) keys.opt_params = inner
  const { name } = keys
  if (typeof name === 'string' && optimizerNames.some((each) => each === name.toLowerCase())) {
    delete keys.name
    if (original || 'opt_name' in keys) notes.push('name has no effect, opt_name says it: remove it')
    else {
      keys.opt_name = name
      notes.push('name is read as opt_name, the name of the key now: rename it')
    }
  }
  return keys
}

/** Values in a form that older versions had, in today's. */
function withOldForms(given: RawConfig, notes: string[]): RawConfig {
  const keys = { ...given }
  const { datasets } = keys
  if (Array.isArray(datasets) && datasets.some(isFilePattern)) {
    keys.datasets = datasets.filter((item) => !isFilePattern(item))
    notes.push(
      `datasets: ${shown(datasets.find(isFilePattern))} has no effect: it names files, as [path, eval_path, stitch, ` +
        'mode, weight] in older configs. Name data set configs, or give the data with --data',
    )
  }
  return keys
}

/** A data set of older configs: patterns of files to train and to evaluate on, then stitch, mode and weight. */
function isFilePattern(item: unknown): boolean {
  return Array.isArray(item) && item.length === 5 && typeof item[0] === 'string' && typeof item[1] === 'string'
}

const isObject = (value: unknown): value is RawConfig =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

/** A value as JSON, at most a line's part of it. */
function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`
}
