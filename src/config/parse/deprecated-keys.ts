/**
 * Keys of GPT-Neo's older versions, and of ConnorJL/GPT2, from which it was made. Source: the configs and the Python of
 * both histories.
 */
import type { Diagnostics, RawConfig } from '../diagnose/diagnostics.js'
import { optimizerNames } from '../keys/training.js'

/** Keys of older configs that were renamed. */
const renamed: Readonly<Record<string, string>> = {
  activation_function: 'activation_fn',
  dataset_ids: 'datasets',
  max_steps: 'train_steps',
}
/** Keys of older configs that GPT-Neo no longer reads, and what replaces them. */
const removed: Readonly<Record<string, string>> = {
  auto_layout: 'layout replaces it',
  auto_layout_and_mesh_shape: 'mesh_shape and layout replace it',
  autostack: 'identical layers are compiled once anyway',
  beta1_adam: 'beta1 replaces it',
  causal: 'mlm_training replaces it',
  data_path: 'datasets names configs, which have a path',
  data_path_: 'datasets names configs, which have a path',
  dataset_seed: 'seed replaces it',
  datasets_: 'datasets replaces it',
  decay_exponent: 'adafactor without weight_decay has the exponent 0.8',
  decay_type: 'adafactor without weight_decay decays by a power',
  encoder_path: "the data set's config has a tokenizer_path",
  fixed_attn_block_size: 'local_attention_radius is the window of local layers',
  gpu_ids: 'neomesh --device replaces it',
  input: 'datasets replaces it',
  lambada_n_steps: 'eval_steps replaces it',
  lambada_tokens_path: "the data set's config replaces it",
  layer_offset: 'attention_types lists the kind of each layer',
  linear_decay: 'lr_decay replaces it',
  local: 'attention_types lists the kind of each layer',
  microbatches_per_batch: 'tokens_per_mb_per_replica replaces it, in tokens',
  model_dir: 'neomesh train --run names the folder',
  n_ctx_eval: 'n_ctx replaces it',
  num_cores: 'mesh_shape replaces it',
  num_cores2: 'mesh_shape replaces it',
  num_microbatches: 'tokens_per_mb_per_replica replaces it, in tokens',
  predict_path: 'neomesh sample prints',
  sampling_use_entmax: 'neomesh sample uses softmax',
  scale: 'scale_by_depth replaces it',
  slow_sampling: 'neomesh sample uses a cache of keys and values',
  stitch: 'every sample is read once per epoch',
  stop_at_token: 'eos_id replaces it',
  text_len: 'neomesh sample has options instead',
  top_k: 'neomesh sample has options instead',
  use_tpu: 'neomesh --device replaces it',
  wd_exponent: 'weight_decay is constant',
  wd_type: 'weight_decay is constant',
  wikitext_n_steps: 'eval_steps replaces it',
  wikitext_path: 'eval_tasks with wikitext=FILE replaces it',
}

export const deprecatedKeys: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(renamed).map(([key, now]) => [key, `${now} replaces it`])),
  ...removed,
}

/** Renamed keys whose old and new values may differ: no computation depends on the old one. */
const harmless = ['dataset_ids', 'max_steps']

/**
 * The config without its deprecated keys; renamed ones are read under their new names. GPT-Neo itself reads none of them:
 * there `activation_function` has no effect. `original`: do the same.
 */
export function withoutDeprecated(given: RawConfig, diagnostics: Diagnostics, original: boolean): RawConfig {
  const { notes, problems } = diagnostics
  const keys = withOldForms(withOptimizerKeys(given, diagnostics, original), notes)
  for (const [key, why] of Object.entries(removed)) {
    if (!(key in keys)) continue
    delete keys[key]
    notes.push(`${key} has no effect, GPT-Neo no longer reads it: ${why}`)
  }
  for (const [key, now] of Object.entries(renamed)) {
    if (!(key in keys)) continue
    const value = keys[key]
    delete keys[key]
    if (original) notes.push(`${key} has no effect, GPT-Neo reads ${now}. Rename it`)
    else if (!(now in keys) || isEmptyList(keys[now])) {
      keys[now] = value
      notes.push(`${key} was renamed to ${now} and is read as that. Rename it`)
    } else if (JSON.stringify(keys[now]) === JSON.stringify(value)) notes.push(`${key} duplicates ${now}. Remove it`)
    else if (harmless.includes(key))
      notes.push(`${key} has no effect beside ${now}: ${shown(keys[now])} is used, not ${shown(value)}. Remove ${key}`)
    else problems.push(`${key}: contradicts ${now}, ${shown(keys[now])} (got ${shown(value)}). Remove ${key}`)
  }
  // Older configs call the same model GPT2.
  if (keys.model === 'GPT2') {
    keys.model = 'GPT'
    notes.push('model: "GPT2" was renamed to "GPT" and is read as that. Rename it')
  }
  return keys
}

/** The first configs of ConnorJL/GPT2 have the optimizer's keys in an object, opt_params, and its name as `name`. */
function withOptimizerKeys(given: RawConfig, { notes, problems }: Diagnostics, original: boolean): RawConfig {
  const { opt_params: inner, ...keys } = given
  if (isObject(inner)) {
    if (original) notes.push('opt_params has no effect, GPT-Neo reads lr and the like at the top level')
    else {
      for (const [key, value] of Object.entries(inner)) {
        if (key in keys && JSON.stringify(keys[key]) !== JSON.stringify(value))
          problems.push(
            `opt_params.${key}: contradicts ${key}, ${shown(keys[key])} (got ${shown(value)}). Remove opt_params`,
          )
        else keys[key] = value
      }
      notes.push(
        `opt_params: its keys (${Object.keys(inner).join(', ')}) are read as keys of the config. Move them there`,
      )
    }
  } else if (inner !== undefined) keys.opt_params = inner
  const { name } = keys
  if (typeof name === 'string' && optimizerNames.some((each) => each === name.toLowerCase())) {
    delete keys.name
    if (original || 'opt_name' in keys) notes.push('name has no effect, opt_name replaces it. Remove it')
    else {
      keys.opt_name = name
      notes.push('name was renamed to opt_name and is read as that. Rename it')
    }
  }
  return keys
}

/** Values in an old form, converted to the current one. */
function withOldForms(given: RawConfig, notes: string[]): RawConfig {
  const keys = { ...given }
  const { datasets } = keys
  if (Array.isArray(datasets) && datasets.some(isFilePattern)) {
    keys.datasets = datasets.filter((item) => !isFilePattern(item))
    notes.push(
      `datasets: ${shown(datasets.find(isFilePattern))} has no effect: it is a file pattern, [path, eval_path, stitch, ` +
        'mode, weight] of older configs. Name data set configs, or pass the data with --data',
    )
  }
  return keys
}

/** A data set of older configs: file patterns for training and evaluation, then stitch, mode and weight. */
function isFilePattern(item: unknown): boolean {
  return Array.isArray(item) && item.length === 5 && typeof item[0] === 'string' && typeof item[1] === 'string'
}

const isObject = (value: unknown): value is RawConfig =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

/** A value as JSON, truncated to part of a line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`
}
