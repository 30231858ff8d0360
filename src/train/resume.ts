import type { ModelConfig } from '../config/index.js'

/**
 * Keys that may change between a checkpoint and a resumed run: when to stop, save and report, and how arrays are placed.
 * Without lr_decay_end, train_steps is also the end of the decay: a run that is extended decays over its new length.
 */
const RESUMABLE_KEYS = new Set([
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

/** The differences between a saved config and that of a run to resume, one phrase per key, but for `ignored` keys. */
export function differencesOf(
  saved: ModelConfig,
  now: ModelConfig,
  ignored: ReadonlySet<string> = RESUMABLE_KEYS,
): string[] {
  const keys = [...new Set([...Object.keys(saved), ...Object.keys(now)])] as (keyof ModelConfig)[]
  return keys
    .filter((key) => !ignored.has(key) && JSON.stringify(saved[key]) !== JSON.stringify(now[key]))
    .map((key) => `${key} was ${JSON.stringify(saved[key]) ?? 'absent'}, is ${JSON.stringify(now[key]) ?? 'absent'}`)
}
