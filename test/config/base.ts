import { inspectModelConfig, type ModelConfig } from '../../src/config/index.js'

/** A small config that has nothing to remark upon. */
export const base: Readonly<Record<string, unknown>> = {
  n_vocab: 96,
  n_ctx: 32,
  n_embd: 32,
  n_head: 4,
  n_layer: 2,
  attention_types: [[['global', 'local'], 1]],
  local_attention_radius: 8,
  opt_name: 'adam',
  lr: 0.001,
  lr_decay: 'cosine',
  train_steps: 20,
  train_batch_size: 4,
}

/** What is found in the base config with some keys changed; a key that is undefined is taken away. */
export function inspect(changes: Record<string, unknown>, purpose?: 'train') {
  const keys = Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== undefined))
  return inspectModelConfig(keys, { purpose })
}

/** The config that is made of it; fails with the problems if there are any. */
export function configOf(changes: Record<string, unknown>): ModelConfig {
  const { config, problems } = inspect(changes)
  if (config === null) throw new Error(problems.join('\n'))
  return config
}
