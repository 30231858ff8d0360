import type { ModelConfig } from '../config/index.js'

/** Keys without influence on what is learned: when to save, how arrays are placed, what is recomputed. */
const SILENT_KEYS: ReadonlySet<string> = new Set([
  'steps_per_checkpoint',
  'keep_checkpoint_max',
  'keep_checkpoint_every_n_steps',
  'keep_checkpoint_best',
  'datasets',
  'eos_id',
  'recompute_grad',
  'remat_policy',
  'mesh_shape',
  'layout',
  'parameter_layout',
])

/** A setting that a resumed run has otherwise than before. */
export interface Change {
  /** Steps done before the first one under the new setting. */
  readonly step: number
  /** A key of the config, `data`, `optimizer state`, or `weights` where a run began from those of another model. */
  readonly what: string
  /** Null where there was none. */
  readonly from: unknown
  readonly to: unknown
}

/** The settings that change between a checkpoint and the run that resumes from it. */
export function changesOf(saved: ModelConfig, now: ModelConfig, step: number): Change[] {
  return changedKeys(saved, now, SILENT_KEYS).map((key) => ({
    step,
    what: key,
    from: saved[key] ?? null,
    to: now[key] ?? null,
  }))
}

/** The differences between two configs, one phrase per key, but for `ignored` keys. */
export function differencesOf(saved: ModelConfig, now: ModelConfig, ignored: ReadonlySet<string>): string[] {
  return changedKeys(saved, now, ignored).map(
    (key) => `${key} was ${JSON.stringify(saved[key]) ?? 'absent'}, is ${JSON.stringify(now[key]) ?? 'absent'}`,
  )
}

/** A change in words, for people. */
export function describeChange({ what, from, to }: Change): string {
  return `${what} was ${from === null ? 'absent' : shown(from)}, is now ${to === null ? 'absent' : shown(to)}`
}

function changedKeys(a: ModelConfig, b: ModelConfig, ignored: ReadonlySet<string>): (keyof ModelConfig)[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof ModelConfig)[]
  return keys.filter((key) => !ignored.has(key) && JSON.stringify(a[key]) !== JSON.stringify(b[key]))
}

function shown(value: unknown): string {
  return typeof value === 'string' ? (/^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value) : JSON.stringify(value)
}
