import type { Engine } from '../engine/index.js'
import { FileError, join } from '../files/index.js'
import type { TrainEvent } from '../train/index.js'
import { contextCosts, type CostEvent, type CostPoint } from './context-costs.js'
import { openData, type DataIdentity, type Preparation } from './data.js'
import { openFolder, refuseForeign } from './folder.js'
import { describeMachine, nameOf } from './machine.js'
import { reportOf, type AblationReport } from './report.js'
import { checkRun, finishedRun, trainRun, type RunResult } from './run.js'
import { configOf, type AblationSpec, type Variant } from './spec.js'
import { writeReport } from './write-report.js'

export interface AblateOptions {
  readonly engine: Engine
  /** Output folder: the demo's data, a run folder for each variant and seed, the report. An existing one is resumed. */
  readonly out: string
  /** Ends after the current step, with a checkpoint. */
  readonly signal?: AbortSignal
}

/** A run: a variant with a seed. */
export interface RunId {
  readonly variant: string
  readonly seed: number
}

export type AblationEvent =
  | { readonly kind: 'preparing'; readonly what: Preparation }
  /** The planned runs, of which `finished` have results already, and the steps of all runs. */
  | { readonly kind: 'start'; readonly runs: number; readonly finished: number; readonly steps: number }
  /** A run starts or resumes; numbers count from 1. */
  | (RunId & { readonly kind: 'run'; readonly number: number; readonly runs: number; readonly folder: string })
  /** An event of the run. `done` steps of `of` are counted over all runs. */
  | (RunId & { readonly kind: 'training'; readonly event: TrainEvent; readonly done: number; readonly of: number })
  /** A run has ended, now or in an earlier start. */
  | (RunId & { readonly kind: 'result'; readonly result: RunResult })
  | CostEvent
  /** The report was written, after a run or at the end. */
  | { readonly kind: 'report'; readonly report: AblationReport; readonly path: string }
  | { readonly kind: 'end'; readonly interrupted: boolean; readonly report: AblationReport | null }

/**
 * Trains every variant with every seed, all on the same tokens in the same order, measures the cost of attention at each
 * context length, and writes a report; yields progress as events. All variants are trained with a seed before the next
 * seed, so that an early end leaves a comparison. Called again, it resumes where it stopped, also within a run. Throws
 * FileError, DataError and what training throws except DivergenceError, which is a result.
 */
export async function* ablate(
  spec: AblationSpec,
  { engine, out, signal }: AblateOptions,
): AsyncGenerator<AblationEvent, AblationReport | null> {
  const planned = spec.seeds.flatMap((seed) => spec.variants.map((variant) => ({ variant, seed })))
  const folderOf = ({ variant, seed }: { variant: Variant; seed: number }) => join(out, `${variant.name}-seed-${seed}`)
  await refuseForeign(out, ['tokenizer.json', 'data'])
  for (const each of planned) await checkRun(folderOf(each), configOf(each.variant, each.seed))

  const preparing = (what: Preparation): AblationEvent => ({ kind: 'preparing', what })
  const data = yield* mapped(openData(spec, out, signal), preparing)
  try {
    await openForData(out, data.identity)
    const machine = describeMachine(engine)
    const runs = new Map<string, RunResult[]>(spec.variants.map(({ name }) => [name, []]))
    let points: CostPoint[] = []
    const write = async (): Promise<AblationEvent & { kind: 'report' }> => {
      const report = reportOf({ spec, machine, data: data.identity, runs, points })
      return { kind: 'report', report, path: await writeReport(out, report) }
    }

    const known = await Promise.all(planned.map((each) => finishedRun(folderOf(each))))
    const stepsPerRun = spec.variants[0].config.train_steps
    const finished = known.filter((result) => result !== null).length
    yield { kind: 'start', runs: planned.length, finished, steps: planned.length * stepsPerRun }
    let last: AblationReport | null = null
    for (const [index, { variant, seed }] of planned.entries()) {
      const at = { variant: variant.name, seed }
      let result = known[index]
      if (result === null && !signal?.aborted) {
        const run = folderOf({ variant, seed })
        yield { kind: 'run', ...at, number: index + 1, runs: planned.length, folder: run }
        const config = configOf(variant, seed)
        const { evaluateEvery } = spec
        const training = trainRun({ engine, config, run, data, evaluateEvery, machine: nameOf(machine), signal })
        let done = index * stepsPerRun
        result = yield* mapped(training, (event): AblationEvent => {
          // A checkpoint's event comes after those of the steps that ran while it was written.
          if ('step' in event) done = Math.max(done, index * stepsPerRun + event.step)
          return { kind: 'training', ...at, event, done, of: planned.length * stepsPerRun }
        })
      }
      if (result === null) {
        yield { kind: 'end', interrupted: true, report: last }
        return last
      }
      runs.get(variant.name)!.push(result)
      yield { kind: 'result', ...at, result }
      if (known[index] === null) {
        const event = await write()
        last = event.report
        yield event
      }
    }
    const { costs } = spec
    if (costs !== null) points = yield* contextCosts({ engine, spec, costs, out, machine: nameOf(machine), signal })
    const event = await write()
    yield event
    yield { kind: 'end', interrupted: !event.report.complete, report: event.report }
    return event.report
  } finally {
    data.close()
  }
}

/** Maps the items of a generator, and returns its result. */
export async function* mapped<T, U, R>(items: AsyncGenerator<T, R>, f: (item: T) => U): AsyncGenerator<U, R> {
  try {
    let next = await items.next()
    for (; !next.done; next = await items.next()) yield f(next.value)
    return next.value
  } finally {
    await items.return(undefined as R) // if the consumer stops early
  }
}

const FORMAT = 'neomesh ablation folder 1'

/** What all runs of a folder share, by name. */
type Settings = Readonly<Record<string, number>>

/** Makes the folder, or checks that it is resumed with the same data and settings. */
export async function openForData(out: string, data: DataIdentity, settings: Settings = {}): Promise<void> {
  const saved = (await openFolder(out, { format: FORMAT, data, ...settings })) as
    ({ data?: DataIdentity } & Settings) | null
  const known = Object.keys(saved?.data ?? {}) as (keyof DataIdentity)[] // older versions wrote fewer keys
  const same = (key: keyof DataIdentity) => JSON.stringify(saved!.data![key]) === JSON.stringify(data[key])
  if (known.length === 0 || !known.every(same))
    throw new FileError(
      `${out} was started with other data. Use another --out, or the data that it was started with`,
      out,
    )
  for (const [key, value] of Object.entries(settings))
    if (saved![key] !== value)
      throw new FileError(
        `${out} was started with another ${key}: ${saved![key]}, not ${value}. Use another --out, or the value that it was started with`,
        out,
      )
}
