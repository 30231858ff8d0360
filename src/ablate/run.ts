import { parseModelConfig, type ModelConfig } from '../config/index.js'
import type { Engine } from '../engine/index.js'
import { FileError, isFile, join, readJson, writeFileAtomic } from '../files/index.js'
import { differencesOf, DivergenceError, readMetrics, train, type TrainEvent } from '../train/index.js'
import type { AblationData } from './data.js'
import { bytesNeeded } from './machine.js'
import { median } from './statistics.js'
import { StepTimes } from './times.js'

/** Losses on the validation data after a step. */
export interface EvaluationResult {
  readonly step: number
  /** Tokens trained on. */
  readonly tokens: number
  /** Wall time of the steps so far, without compiling, evaluating and saving. */
  readonly seconds: number
  /** CPU time of these steps, on all cores of the host; older versions did not write it. */
  readonly cpuSeconds?: number
  /** Mean cross entropy, nats a token. */
  readonly loss: number
  readonly bitsPerByte: number | null
  /** Of labelled data: the fraction of labels that are the most likely token. */
  readonly accuracy?: number
}

/** The result of one training. */
export interface RunResult {
  readonly seed: number
  /** In order; the last one is after the last step, unless training diverged. */
  readonly evaluations: readonly EvaluationResult[]
  /** What was not finite, and at which step; null if training did not diverge. */
  readonly diverged: string | null
  /** Of the median step. */
  readonly tokensPerSecond: number
  /** Of all steps, wall time. */
  readonly seconds: number
  /** Of all steps, CPU time on all cores of the host. */
  readonly cpuSeconds: number
  /** Tracing and compiling (or loading) the step. */
  readonly prepareSeconds: number
  /** Bytes that the step needs on the device: arguments, results and temporaries. Null if the engine does not report it. */
  readonly stepMemory: number | null
  readonly parameters: number
  /** Engine and processor. */
  readonly machine: string
}

export interface RunOptions {
  readonly engine: Engine
  readonly config: ModelConfig
  /** Folder. */
  readonly run: string
  readonly data: Pick<AblationData, 'samples' | 'validation' | 'tokenizer'>
  readonly evaluateEvery: number
  /** Ends training early, on labelled data. */
  readonly stopAtAccuracy?: number
  /** Ends training at this validation loss. */
  readonly stopAtLoss?: number
  readonly machine: string
  readonly signal?: AbortSignal
}

type StartEvent = Extract<TrainEvent, { kind: 'start' }>

const RESULT = 'result.json'

/** The result of a run that is finished, or null. Throws FileError. */
export async function finishedRun(run: string): Promise<RunResult | null> {
  const path = join(run, RESULT)
  return (await isFile(path)) ? ((await readJson(path)) as RunResult) : null
}

/** Keys that do not change a run's results. */
const IGNORED_KEYS: ReadonlySet<string> = new Set(['steps_per_checkpoint', 'datasets', 'eos_id'])

/** Rejects a run with another config, which can be neither resumed nor used. Throws FileError. */
export async function checkRun(run: string, config: ModelConfig): Promise<void> {
  const path = join(run, 'config.json')
  if (!(await isFile(path))) return
  const saved = parseModelConfig(await readJson(path), path).config // may be of a version with fewer keys
  const differences = differencesOf(saved, config, IGNORED_KEYS)
  if (differences.length === 0) return
  const what = differences.join('; ')
  throw new FileError(`${run} was trained with another config: ${what}. Use another --out, or remove that folder`, run)
}

/** Trains one variant with one seed, resuming an interrupted run. Returns null if the signal came first. */
export async function* trainRun(options: RunOptions): AsyncGenerator<TrainEvent, RunResult | null> {
  const { engine, config, run, data, evaluateEvery, stopAtAccuracy, stopAtLoss, signal } = options
  const { samples, validation, tokenizer } = data
  const given = { data: samples, validation, tokenizer, keepCheckpoints: 1, stopAtAccuracy, stopAtLoss }
  let times: StepTimes | null = null
  let start: StartEvent | null = null
  let interrupted = true
  let diverged: string | null = null
  try {
    for await (const event of train({ engine, config, run, ...given, evaluateEvery, signal })) {
      if (event.kind === 'start') {
        start = event
        times = await StepTimes.open(join(run, 'times.jsonl'), event.step)
      } else if (event.kind === 'step') times!.ended(event.step)
      else times?.skip()
      if (event.kind === 'checkpoint' || event.kind === 'end') await times?.flush()
      if (event.kind === 'end') interrupted = event.interrupted
      yield event
    }
  } catch (error) {
    if (!(error instanceof DivergenceError) || start === null) throw error
    diverged = error.message.replace(/: training diverged[^]*/, '')
    interrupted = false
  }
  if (interrupted) return null
  const result = await resultOf(options, start!, times!.lines, diverged)
  await writeFileAtomic(join(run, RESULT), `${JSON.stringify(result, null, 1)}\n`)
  return result
}

async function resultOf(
  { config, run, machine }: RunOptions,
  { parameters, program }: StartEvent,
  times: StepTimes['lines'],
  diverged: string | null,
): Promise<RunResult> {
  const each = config.train_batch_size * config.n_ctx
  const timeAt = new Map(times.map((line) => [line.step, line]))
  const evaluations = (await readMetrics(join(run, 'metrics.jsonl'))).flatMap(
    ({ step, validation_loss: loss, bits_per_byte: bitsPerByte = null, accuracy }): EvaluationResult[] =>
      loss === undefined
        ? []
        : [
            {
              step,
              tokens: step * each,
              seconds: timeAt.get(step)?.seconds ?? 0,
              cpuSeconds: timeAt.get(step)?.cpuSeconds ?? 0,
              loss,
              bitsPerByte,
              ...(accuracy !== undefined && { accuracy }),
            },
          ],
  )
  const last = times.at(-1) ?? { seconds: 0, cpuSeconds: 0 }
  const steps = times.map(({ seconds }, i) => seconds - (times[i - 1]?.seconds ?? 0))
  return {
    seed: config.seed,
    evaluations,
    diverged,
    tokensPerSecond: steps.length === 0 ? 0 : each / median(steps),
    seconds: last.seconds,
    cpuSeconds: last.cpuSeconds,
    prepareSeconds: program.traceSeconds + program.compileSeconds,
    stepMemory: bytesNeeded(program.memory),
    parameters,
    machine,
  }
}
