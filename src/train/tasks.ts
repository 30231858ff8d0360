/** The config's eval_tasks during training: `neomesh eval` on the parameters that are trained. */
import { tasksWithData, type ModelConfig } from '../config/index.js'
import type { DeviceArray } from '../engine/index.js'
import {
  checkCausal,
  prepareTasks,
  runTasks,
  type PreparedTask,
  type Scorer,
  type TaskResult,
} from '../evaluate/index.js'
import { FileError, sha256 } from '../files/index.js'
import type { Parameters } from '../model/index.js'
import { isTokenizer, loadTokenizer } from '../tokenizer/index.js'
import type { TrainEvent } from './events.js'
import type { MetricsLog, TaskMetrics } from './metrics.js'
import { createQueue } from './queue.js'

/** Tasks that are read and encoded. */
export interface RunTasks {
  readonly prepared: readonly PreparedTask[]
  /** Equal for equal tasks on equal data. */
  readonly identity: string
}

/**
 * Reads the tasks of a config with the tokenizer of the data, given by path or name, or else that of the run; undefined if
 * there are none. Throws EvaluationError, DataError, FileError, TokenizerError.
 */
export async function readRunTasks(
  config: ModelConfig,
  tokenizerPath: string | undefined,
  run: string,
): Promise<RunTasks | undefined> {
  const tasks = tasksWithData(config)
  if (tasks.length === 0) return undefined
  checkCausal(config)
  const path = tokenizerPath ?? run
  if (tokenizerPath === undefined && !(await isTokenizer(path)))
    throw new FileError(
      `eval_tasks need the tokenizer of the data (got none: neither the data set nor ${run} names one). Set tokenizer_path ` +
        'in the data set config, or remove eval_tasks',
      run,
    )
  const prepared = await prepareTasks({ config, tokenizer: await loadTokenizer(path) }, tasks)
  const identity = sha256(JSON.stringify(prepared.map(({ name, kind, data, stride }) => [name, kind, data, stride])))
  return { prepared, identity }
}

export interface TasksEvaluation {
  readonly step: number
  readonly parameters: Parameters<DeviceArray>
  readonly scorer: Scorer
  readonly tasks: RunTasks
  readonly log: MetricsLog
  readonly signal?: AbortSignal
}

/**
 * Evaluates the parameters after a step on tasks and logs the metrics, reporting progress. Those that the log has already of the
 * same tasks are reported from there. Aborted, it ends without a result.
 */
export async function* tasksEvaluation(options: TasksEvaluation): AsyncGenerator<TrainEvent> {
  const { step, parameters, scorer, tasks, log, signal } = options
  const logged = log.tasksAfter(step, tasks.identity)
  if (logged) {
    yield { kind: 'tasks', step, tasks: logged }
    return
  }
  if (signal?.aborted) return
  const progress = createQueue<TrainEvent>()
  const result = runTasks(scorer, parameters, tasks.prepared, {
    resamples: 0,
    signal,
    onProgress: (done, of) => progress.push({ kind: 'evaluating', done, of, what: 'tasks' }),
  }).finally(progress.end)
  result.catch(() => {}) // awaited below, after the events
  yield* progress.items()
  let metrics: TaskMetrics
  try {
    metrics = Object.fromEntries((await result).map((task) => [task.name, valuesOf(task)]))
  } catch (cause) {
    if (signal?.aborted) return
    throw cause
  }
  log.write({ step, tasks: metrics, tasks_data: tasks.identity })
  yield { kind: 'tasks', step, tasks: metrics }
}

function valuesOf({ metrics }: TaskResult): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]))
}
