import type { ModelConfig } from '../../config/index.js'
import { openModel } from '../../convert/index.js'
import type { DeviceArray, Engine } from '../../engine/index.js'
import { isFile, join, readJson, writeFileAtomic } from '../../files/index.js'
import { GptNeo } from '../../model/index.js'
import { openTask, parseTask } from '../../tasks/index.js'
import { arrayFrom, labelScores, type Tally, type TrainEvent } from '../../train/index.js'
import { trainRun, type RunResult } from '../run.js'

/** Accuracy over the labels of test sequences. */
export interface TestResult {
  readonly accuracy: number
  /** Mean cross entropy of the labels, nats. */
  readonly loss: number
  /** By the groups of the task, such as distances. */
  readonly groups: Readonly<Record<string, Tally>>
}

/** The result of a cell: of the training, and of each test after it, `test` being the task's own. */
export interface CellResult extends RunResult {
  readonly tests: Readonly<Record<string, TestResult>>
}

/** All that a process needs to train a cell: plain data. */
export interface CellWork {
  /** Run folder. */
  readonly run: string
  readonly config: ModelConfig
  /** Settings of the task, and of further tests by name. */
  readonly task: Readonly<Record<string, unknown>>
  readonly tests: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly evaluateEvery: number
  readonly stopAt: number | null
  readonly machine: string
}

/** The result's file; a folder with it is finished. */
const RESULT = 'cell.json'
/** The name of the task's own test. */
export const OWN_TEST = 'test'

/** The result of a cell that is finished, or null. Throws FileError. */
export async function finishedCell(run: string): Promise<CellResult | null> {
  const path = join(run, RESULT)
  return (await isFile(path)) ? ((await readJson(path)) as CellResult) : null
}

/** Trains a cell, resuming an interrupted run, and tests it. Returns null if the signal came first. */
export async function* runCell(
  engine: Engine,
  work: CellWork,
  signal?: AbortSignal,
): AsyncGenerator<TrainEvent, CellResult | null> {
  const { run, config, evaluateEvery, stopAt, machine } = work
  const data = openTask(parseTask(work.task))
  const options = { engine, config, run, data, evaluateEvery, machine, signal }
  const result = yield* trainRun({ ...options, stopAtAccuracy: stopAt ?? undefined })
  if (result === null || signal?.aborted) return null
  const tests = result.diverged === null ? await testsOf(engine, work) : {}
  const whole: CellResult = { ...result, tests }
  await writeFileAtomic(join(run, RESULT), `${JSON.stringify(whole, null, 1)}\n`)
  return whole
}

/** The task's own test and the further ones, on the last checkpoint. */
async function testsOf(engine: Engine, { run, config, task, tests }: CellWork): Promise<CellResult['tests']> {
  const model = new GptNeo(config, { placement: engine.placement })
  const source = await openModel(run)
  const parameters: Record<string, DeviceArray> = {}
  try {
    for (const spec of model.specs) parameters[spec.name] = await arrayFrom(engine, spec, null, source.read)
    const results: Record<string, TestResult> = {}
    for (const [name, given] of Object.entries({ [OWN_TEST]: task, ...tests })) {
      const { validation } = openTask(parseTask(given))
      const score = labelScores(engine, model, validation.labels!)
      const { accuracy = 0, loss, groups = {} } = await score(parameters, validation, { limit: config.eval_steps })
      score.dispose()
      results[name] = { accuracy, loss, groups }
    }
    return results
  } finally {
    for (const array of Object.values(parameters)) array.dispose()
    await source.close()
  }
}
