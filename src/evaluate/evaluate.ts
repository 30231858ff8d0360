/** How good a model is: `neomesh eval` as a function. */
import type { ModelConfig } from '../config/index.js'
import type { DeviceArray, Engine } from '../engine/index.js'
import type { GptNeo, Parameters } from '../model/index.js'
import type { Tokenizer } from '../tokenizer/index.js'
import { estimate, type Estimate, type Resampling } from './bootstrap.js'
import { METRICS, valueOf, type Form, type ItemFigures, type Metric } from './metrics.js'
import { createScorer, type Scorer, type ScoreOptions } from './scorer.js'
import type { ItemResult } from './tasks/item.js'
import type { KindName } from './tasks/kinds.js'
import { prepareTasks, type PreparedTask, type PrepareTaskOptions } from './tasks/prepare.js'
import type { TaskSpec } from './tasks/specs.js'

/** A model with its parameters and its tokenizer: what `loadModel` gives, and `tokenizer` beside it. */
export interface EvaluatedModel {
  readonly engine: Engine
  readonly config: ModelConfig
  readonly model: GptNeo
  readonly parameters: Parameters<DeviceArray>
  readonly tokenizer: Tokenizer
}

export interface EvaluateOptions extends PrepareTaskOptions, ScoreOptions, Resampling {}

/** What a task has shown. */
export interface TaskResult {
  readonly name: string
  readonly kind: KindName
  readonly form: Form
  /** sha256 of the data. */
  readonly data: string
  readonly stride?: number
  /** Items whose context did not fit and was cut at its beginning. */
  readonly truncated: number
  readonly metrics: Readonly<Record<string, Estimate>>
  /** The metrics of parts of the task, such as BLiMP's phenomena. */
  readonly groups?: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly items: readonly ItemResult[]
}

/**
 * Evaluates a model on tasks: KIND=FILE as `neomesh eval` takes them, or values at hand. Files are read and never downloaded.
 * Throws EvaluationError, DataError, FileError, or the signal's reason.
 */
export async function evaluate(
  model: EvaluatedModel,
  tasks: readonly (string | TaskSpec)[],
  options: EvaluateOptions = {},
): Promise<TaskResult[]> {
  const scorer = createScorer(model.engine, model.model)
  try {
    return await runTasks(scorer, model.parameters, await prepareTasks(model, tasks, options), options)
  } finally {
    scorer.dispose()
  }
}

/** Evaluates parameters on tasks that are prepared for their model. Throws EvaluationError, or the signal's reason. */
export async function runTasks(
  scorer: Scorer,
  parameters: Parameters<DeviceArray>,
  tasks: readonly PreparedTask[],
  options: ScoreOptions & Resampling = {},
): Promise<TaskResult[]> {
  const passages = tasks.flatMap(({ items }) => items.flatMap((item) => item.passages))
  const scores = await scorer(parameters, passages, options)
  let at = 0
  return tasks.map(({ items: asked, ...task }): TaskResult => {
    const items = asked.map((item) => item.judge(scores.slice(at, (at += item.passages.length))))
    const figures = items.map((item) => item.figures)
    const metrics = METRICS[task.form].map((metric) => [metric.name, estimate(metric, figures, options)] as const)
    const groups = groupsOf(asked, figures, METRICS[task.form])
    return { ...task, metrics: Object.fromEntries(metrics), ...groups, items }
  })
}

function groupsOf(
  items: PreparedTask['items'],
  figures: readonly ItemFigures[],
  metrics: readonly Metric[],
): Pick<TaskResult, 'groups'> {
  const members = new Map<string, ItemFigures[]>()
  for (const [i, { group }] of items.entries())
    if (group !== undefined) members.set(group, [...(members.get(group) ?? []), figures[i]])
  if (members.size < 2) return {}
  const groups = [...members].map(
    ([group, of]) => [group, Object.fromEntries(metrics.map((metric) => [metric.name, valueOf(metric, of)]))] as const,
  )
  return { groups: Object.fromEntries(groups) }
}
