import type { Engine } from '../../engine/index.js'
import { join } from '../../files/index.js'
import type { TrainEvent } from '../../train/index.js'
import { mapped, openForData } from '../ablate.js'
import { openData, type Preparation } from '../data.js'
import { refuseForeign } from '../folder.js'
import { describeMachine, nameOf } from '../machine.js'
import { checkRun, finishedRun, trainRun, type RunResult } from '../run.js'
import { configOf, type Variant } from '../spec.js'
import { speedrunReport, type SpeedrunReport } from './speedrun-report.js'
import type { SpeedrunSpec } from './speedrun-spec.js'
import { writeSpeedrunReport } from './write-speedrun-report.js'

export interface SpeedrunOptions {
  readonly engine: Engine
  /** Output folder: the demo's data, a run folder for each recipe and seed, the report. An existing one is resumed. */
  readonly out: string
  /** Ends after the current step, with a checkpoint. */
  readonly signal?: AbortSignal
}

export type SpeedrunEvent =
  | { readonly kind: 'preparing'; readonly what: Preparation }
  | { readonly kind: 'start'; readonly runs: number; readonly finished: number }
  /** A run starts or resumes; numbers count from 1. */
  | (SpeedrunRun & { readonly kind: 'run'; readonly number: number; readonly runs: number })
  | (SpeedrunRun & {
      readonly kind: 'training'
      readonly event: TrainEvent
      readonly done: number
      readonly of: number
    })
  | (SpeedrunRun & { readonly kind: 'result'; readonly result: RunResult; readonly done: number; readonly of: number })
  | { readonly kind: 'report'; readonly report: SpeedrunReport; readonly path: string }
  | { readonly kind: 'end'; readonly interrupted: boolean; readonly report: SpeedrunReport | null }

/** A training: a recipe with a seed. */
export interface SpeedrunRun {
  readonly recipe: string
  readonly seed: number
}

/**
 * Trains each recipe with each seed until its validation loss is at the target, and writes a report with the time that it took;
 * yields progress as events. With a seed all recipes run one after the other, so that what else the machine does meets all
 * of them alike. Called again, it resumes where it stopped. Throws FileError, DataError and what training throws except
 * DivergenceError, which is a result.
 */
export async function* runSpeedrun(
  spec: SpeedrunSpec,
  { engine, out, signal }: SpeedrunOptions,
): AsyncGenerator<SpeedrunEvent, SpeedrunReport | null> {
  const planned = spec.seeds.flatMap((seed) => spec.recipes.map((recipe) => ({ recipe, seed })))
  const folderOf = ({ recipe, seed }: { recipe: Variant; seed: number }) => join(out, `${recipe.name}-seed-${seed}`)
  await refuseForeign(out, ['tokenizer.json', 'data'])
  for (const each of planned) await checkRun(folderOf(each), configOf(each.recipe, each.seed))
  const { data: source, recipes } = spec
  const preparing = (what: Preparation): SpeedrunEvent => ({ kind: 'preparing', what })
  const data = yield* mapped(openData({ data: source, variants: recipes }, out, signal), preparing)
  try {
    await openForData(out, data.identity, { target: spec.target, evaluateEvery: spec.evaluateEvery })
    const machine = describeMachine(engine)
    const results = new Map<string, RunResult[]>(recipes.map(({ name }) => [name, []]))
    const known = await Promise.all(planned.map((each) => finishedRun(folderOf(each))))
    const of = planned.length
    yield { kind: 'start', runs: of, finished: known.filter((result) => result !== null).length }
    let report: SpeedrunReport | null = null
    for (const [index, each] of planned.entries()) {
      const at = { recipe: each.recipe.name, seed: each.seed }
      let result = known[index]
      if (result === null && !signal?.aborted) {
        yield { kind: 'run', ...at, number: index + 1, runs: of }
        const config = configOf(each.recipe, each.seed)
        const { evaluateEvery, target: stopAtLoss } = spec
        const options = { engine, config, run: folderOf(each), data, evaluateEvery, machine: nameOf(machine), signal }
        const training = trainRun({ ...options, stopAtLoss })
        result = yield* mapped(training, (event): SpeedrunEvent => ({
          kind: 'training',
          ...at,
          event,
          done: index,
          of,
        }))
      }
      if (result === null) {
        yield { kind: 'end', interrupted: true, report }
        return report
      }
      results.get(at.recipe)!.push(result)
      yield { kind: 'result', ...at, result, done: index + 1, of }
      report = speedrunReport({ spec, machine, data: data.identity, results })
      if (known[index] === null || index === of - 1)
        yield { kind: 'report', report, path: await writeSpeedrunReport(out, report) }
    }
    yield { kind: 'end', interrupted: false, report }
    return report
  } finally {
    data.close()
  }
}
