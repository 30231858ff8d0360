import { compression } from './compression.js'
import { selectiveCopying } from './copying.js'
import { fuzzyRecall } from './fuzzy-recall.js'
import { induction } from './induction.js'
import { memorisation } from './memorisation.js'
import { mqar } from './mqar.js'
import { needle } from './needle.js'
import { inContextRecall, noisyRecall } from './recall.js'
import { parity, s5 } from './state-tracking.js'
import type { TaskKind } from '../task.js'

export const taskNames = [
  'mqar',
  'induction',
  'selective_copying',
  'in_context_recall',
  'noisy_recall',
  'fuzzy_recall',
  'memorisation',
  'compression',
  'parity',
  's5',
  'needle',
] as const

export type TaskName = (typeof taskNames)[number]

/** Kinds of tasks by name. A new one is a file, its name above and its line here. */
export const TASK_KINDS: Readonly<Record<TaskName, TaskKind>> = {
  mqar,
  induction,
  selective_copying: selectiveCopying,
  in_context_recall: inContextRecall,
  noisy_recall: noisyRecall,
  fuzzy_recall: fuzzyRecall,
  memorisation,
  compression,
  parity,
  s5,
  needle,
}
