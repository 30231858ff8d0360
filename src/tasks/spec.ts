import { ConfigError, key, keyKinds, readKeys } from '../config/index.js'
import { LABELLED_VOCABULARY } from '../data/index.js'
import { TASK_KINDS, taskNames, type TaskName } from './kinds/index.js'
import type { Split, Task, TaskKind } from './task.js'

/** A task as it is written down, and what it makes. */
export interface TaskSpec {
  readonly name: TaskName
  /** The kind's settings, with defaults. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Examples of each split; training repeats its own in another order. */
  readonly examples: Readonly<Record<Split, number>>
  /** Seed of the examples. */
  readonly seed: number
  readonly task: Task
}

/** The keys of a task of this kind, for documentation. */
export function taskKeys(name: TaskName): TaskKind['keys'] {
  const { examples, keys } = TASK_KINDS[name]
  return {
    name: key(keyKinds.oneOf(taskNames), 'kind of task', 'neomesh'),
    ...keys,
    examples: key(keyKinds.size.default(examples.train), 'training sequences', 'neomesh'),
    test_examples: key(keyKinds.size.default(examples.test), 'test sequences', 'neomesh'),
    seed: key(keyKinds.count.default(0), 'seed of the sequences', 'neomesh'),
  }
}

/** Reads a task: its name, or an object of `name` and settings. Throws ConfigError with all problems. */
export function parseTask(given: unknown, source = 'task'): TaskSpec {
  const problems: string[] = []
  const spec = readTask(given, problems)
  if (spec === null) throw new ConfigError(source, problems)
  return spec
}

/** As parseTask; adds the problems, each with the prefix, and returns null if there are any. */
export function readTask(given: unknown, problems: string[], prefix = ''): TaskSpec | null {
  const keys = typeof given === 'string' ? { name: given } : given
  if (keys === null || typeof keys !== 'object' || Array.isArray(keys)) {
    problems.push(`${prefix}must be a task's name, or an object such as {"name": "mqar", "pairs": 4}`)
    return null
  }
  const { name } = keys as { name?: unknown }
  if (typeof name !== 'string' || !Object.hasOwn(TASK_KINDS, name)) {
    problems.push(`${prefix}name: must be one of ${taskNames.join(', ')} (got ${JSON.stringify(name) ?? 'none'})`)
    return null
  }
  const found: string[] = []
  const kind = TASK_KINDS[name as TaskName]
  const read = readKeys(keys as Record<string, unknown>, taskKeys(name as TaskName), found)
  const { name: _, examples, test_examples, seed, ...settings } = read
  if (found.length === 0) found.push(...(kind.check?.(settings) ?? []))
  if (Number(settings.vocabulary) > LABELLED_VOCABULARY)
    found.push(`vocabulary: must be at most ${LABELLED_VOCABULARY} (got ${settings.vocabulary})`)
  problems.push(...found.map((problem) => prefix + problem))
  if (found.length > 0) return null
  return {
    name: name as TaskName,
    settings,
    examples: { train: examples as number, test: test_examples as number },
    seed: seed as number,
    task: kind.open(settings),
  }
}
