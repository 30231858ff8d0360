import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readJson, withFileErrors, writeFileAtomic } from '../files/index.js'
import { batches, order, type Dataset } from '../data/index.js'
import type { ModelConfig } from '../config/index.js'
import type { DeviceArray, Engine } from '../engine/index.js'
import type { LayerMode } from '../model/index.js'
import { checkpointFolder, checkpointSteps, pruneCheckpoints } from './checkpoint.js'
import { meanLoss } from './mean-loss.js'
import { MetricsLog } from './metrics.js'
import type { StepMetrics } from './step.js'
import { Trainer, type StepProgram } from './trainer.js'

export interface TrainOptions {
  readonly engine: Engine
  readonly config: ModelConfig
  /** Folder of the run: config.json, metrics.jsonl, checkpoints/. A run that is there already goes on. */
  readonly run: string
  readonly data: Dataset
  readonly validation?: Dataset
  readonly layers?: LayerMode
  /** Steps between evaluations; 0 evaluates at the end only. @default 0 */
  readonly evaluateEvery?: number
  /** Checkpoints that stay. @default 2 */
  readonly keepCheckpoints?: number
  /** Ends the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal
}

export type TrainEvent =
  | { readonly kind: 'start'; readonly step: number; readonly steps: number; readonly parameters: number; readonly resumed: string | null; readonly program: StepProgram }
  | { readonly kind: 'step'; readonly step: number; readonly steps: number; readonly loss: number; readonly gradientNorm: number; readonly learningRate: number; readonly tokens: number; readonly tokensPerSecond: number }
  | { readonly kind: 'evaluating'; readonly done: number; readonly of: number }
  | { readonly kind: 'evaluation'; readonly step: number; readonly loss: number; readonly perplexity: number; readonly bitsPerByte: number | null }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly folder: string }
  | { readonly kind: 'end'; readonly step: number; readonly interrupted: boolean }

/**
 * Trains a model, from its config's seed or from the run's last checkpoint, and tells what happens. The batch of a step is a
 * function of the step and the seed, so a resumed run sees every sample once, and gives the numbers of one that was never
 * interrupted. Leaving the loop early keeps the last checkpoint only; the signal saves first.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { engine, config, run, data, validation, evaluateEvery = 0, keepCheckpoints = 2, signal } = options
  const trainer = new Trainer(engine, config, options.layers)
  const source = batches({ dataset: data, batchSize: config.train_batch_size, order: order({ size: data.size, seed: config.seed }) })
  try {
    const resumed = await begin(trainer, run)
    const log = await MetricsLog.open(join(run, 'metrics.jsonl'), trainer.step)
    const program = await trainer.prepare()
    const parameters = trainer.specs.reduce((sum, { names, shape }) => sum + names.length * shape.reduce((a, b) => a * b, 1), 0)
    const steps = config.train_steps
    yield { kind: 'start', step: trainer.step, steps, parameters, resumed, program }

    const tokenizer = data.indexes[0]?.tokenizerHash ?? undefined
    const evaluate = meanLoss(engine, config, trainer.specs, trainer.layers)
    let saved = resumed ? trainer.step : -1
    const save = async (): Promise<TrainEvent> => {
      const folder = checkpointFolder(run, trainer.step)
      await trainer.save(folder, tokenizer)
      await pruneCheckpoints(run, keepCheckpoints)
      saved = trainer.step
      return { kind: 'checkpoint', step: trainer.step, folder }
    }

    const clock = stepClock(config)
    let pending: Pending | null = null
    const finish = async ({ step, metrics }: Pending): Promise<TrainEvent> => {
      const event = { kind: 'step' as const, step, steps, ...(await readMetricsOf(metrics)), ...clock(step) }
      log.write({
        step, loss: event.loss, learning_rate: event.learningRate, gradient_norm: event.gradientNorm,
        tokens: event.tokens, tokens_per_second: Math.round(event.tokensPerSecond * 10) / 10,
      })
      return event
    }
    clock(trainer.step)
    while (trainer.step < steps && !signal?.aborted) {
      const ids = await source.batch(trainer.step)
      const metrics = await trainer.trainOn(ids)
      // The step's numbers are read while the next one runs.
      const before = pending
      pending = { step: trainer.step, metrics }
      if (before) yield finish(before)
      const evaluates = validation !== undefined && evaluateEvery > 0 && trainer.step % evaluateEvery === 0 && trainer.step < steps
      const saves = trainer.step % config.steps_per_checkpoint === 0 && trainer.step < steps
      if (!evaluates && !saves) continue
      yield finish(pending)
      pending = null
      if (evaluates) yield* evaluation(trainer, evaluate, validation, log, config, signal)
      if (saves) yield save()
      clock(trainer.step)
    }
    if (pending) yield finish(pending)
    if (saved !== trainer.step) yield save()
    const interrupted = trainer.step < steps
    if (!interrupted && validation) yield* evaluation(trainer, evaluate, validation, log, config, signal)
    yield { kind: 'end', step: trainer.step, interrupted }
  } finally {
    await source.close()
    trainer.dispose()
  }
}

interface Pending {
  readonly step: number
  readonly metrics: StepMetrics<DeviceArray>
}

/** Initial parameters, or those of the last checkpoint, whose folder is returned. */
async function begin(trainer: Trainer, run: string): Promise<string | null> {
  await withFileErrors('create the run', run, () => mkdir(run, { recursive: true }))
  const steps = await checkpointSteps(run)
  if (steps.length > 0) {
    const folder = checkpointFolder(run, steps[steps.length - 1])
    await trainer.restore(folder)
    await writeConfig(run, trainer.config)
    return folder
  }
  await writeConfig(run, trainer.config)
  await trainer.initialise()
  return null
}

async function writeConfig(run: string, config: ModelConfig): Promise<void> {
  await writeFileAtomic(join(run, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
}

/** The config that a run was started with. */
export async function readRunConfig(run: string): Promise<unknown> {
  return readJson(join(run, 'config.json'))
}

async function readMetricsOf({ loss, gradientNorm, learningRate }: StepMetrics<DeviceArray>) {
  const values = await Promise.all([loss, gradientNorm, learningRate].map((x) => x.readScalar()))
  for (const array of [loss, gradientNorm, learningRate]) array.dispose()
  if (!Number.isFinite(values[0]))
    throw new DivergenceError(`the loss is ${values[0]}: training diverged. Go on from the last checkpoint with a lower lr or more warmup_steps in a new run`)
  return { loss: values[0], gradientNorm: values[1], learningRate: values[2] }
}

/** The loss is no number any more. */
export class DivergenceError extends Error {
  override name = 'DivergenceError'
}

/** Tokens so far, and tokens a second over the last steps. */
function stepClock({ train_batch_size, n_ctx }: ModelConfig) {
  const recent: { step: number; time: number }[] = []
  return (step: number) => {
    const now = performance.now()
    const last = recent.at(-1)
    if (last && step <= last.step) recent.length = 0
    recent.push({ step, time: now })
    if (recent.length > 20) recent.shift()
    const [first] = recent
    const seconds = (now - first.time) / 1000
    const each = train_batch_size * n_ctx
    return { tokens: step * each, tokensPerSecond: seconds > 0 ? ((step - first.step) * each) / seconds : 0 }
  }
}

async function* evaluation(
  trainer: Trainer, evaluate: ReturnType<typeof meanLoss>, data: Dataset, log: MetricsLog, config: ModelConfig, signal?: AbortSignal,
): AsyncGenerator<TrainEvent> {
  const heard: TrainEvent[] = []
  let wake = () => {}
  const result = evaluate(trainer.parameters, data, {
    limit: config.eval_steps, signal,
    onBatch: (done, of) => {
      heard.push({ kind: 'evaluating', done, of })
      wake()
    },
  })
  let over = false
  const watched = result.finally(() => {
    over = true
    wake()
  })
  watched.catch(() => {})
  while (!over) {
    await new Promise<void>((resolve) => {
      wake = resolve
      if (over || heard.length > 0) resolve()
    })
    yield* heard.splice(0)
  }
  const found = await watched.catch((cause: unknown) => {
    if (signal?.aborted) return null
    throw cause
  })
  if (!found) return
  const { loss } = found
  const bitsPerByte = data.bytesPerToken === undefined ? null : loss / Math.LN2 / data.bytesPerToken
  const perplexity = Math.exp(loss)
  log.write({ step: trainer.step, validation_loss: loss, perplexity, ...(bitsPerByte === null ? {} : { bits_per_byte: bitsPerByte }) })
  yield { kind: 'evaluation', step: trainer.step, loss, perplexity, bitsPerByte }
}
