import type { ModelConfig } from '../config/index.js'

/**
 * Keys that may change between a checkpoint and a resumed run: they say when to stop, save and report, and where
 * numbers lie. (Without
 * lr_decay_end, train_steps is also the end of the decay: a run that is made longer decays over its new length.)
 */
const FREE = new Set([
  'train_steps',
  'eval_steps',
  'eval_batch_size',
  'steps_per_checkpoint',
  'datasets',
  'eos_id',
  'recompute_grad',
  'remat_policy',
  'mesh_shape',
  'layout',
  'parameter_layout',
])

/** What differs between a saved config and that of a run that would go on with it, a phrase a key; `free` may differ. */
export function differencesOf(saved: ModelConfig, now: ModelConfig, free: ReadonlySet<string> = FREE): string[] {
  const keys = [...new Set([...Object.keys(saved), ...Object.keys(now)])] as (keyof ModelConfig)[]
  return keys
    .filter((key) => !free.has(key) && JSON.stringify(saved[key]) !== JSON.stringify(now[key]))
    .map((key) => `${key} was ${JSON.stringify(saved[key]) ?? 'absent'}, is ${JSON.stringify(now[key]) ?? 'absent'}`)
}
