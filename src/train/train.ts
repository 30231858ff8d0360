import { join } from '../files/index.js'
import { batches, checkOneTokenizer, identityOf, order, sampleIds, type Dataset } from '../data/index.js'
import type { ModelConfig } from '../config/index.js'
import { debug, type DeviceArray, type Engine } from '../engine/index.js'
import type { LayerMode } from '../model/index.js'
import { checkpointFolder, pruneCheckpoints } from './checkpoint.js'
import { evaluatedOf, evaluation } from './evaluation.js'
import { meanLoss, type MeanLoss } from './mean-loss.js'
import { MetricsLog } from './metrics.js'
import { claimRun, findStart, openRun, type RunFolder } from './run-folder.js'
import type { StepMetrics } from './step.js'
import { Trainer, type StepProgram } from './trainer.js'
import { ABORTED, unlessAborted } from './unless-aborted.js'

export interface TrainOptions {
  readonly engine: Engine
  readonly config: ModelConfig
  /** Folder of the run: config.json, metrics.jsonl, checkpoints/. A run that is there already goes on. */
  readonly run: string
  readonly data: Dataset
  readonly validation?: Dataset
  /** Path or name of the tokenizer, which is kept with the run, so that sampling needs nothing else. */
  readonly tokenizer?: string
  /** Id of the token that ends a text, of data without an index for a config without eos_id. It is kept with the run. */
  readonly eosId?: number
  readonly layers?: LayerMode
  /** Steps between evaluations; 0 evaluates at the end only. @default 0 */
  readonly evaluateEvery?: number
  /** The newest checkpoints to keep; 0 keeps all. @default 2 */
  readonly keepCheckpoints?: number
  /** Ends the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal
}

export interface StartEvent {
  readonly kind: 'start'
  /** Steps done, of `steps`. */
  readonly step: number
  readonly steps: number
  readonly parameters: number
  /** Folder of the checkpoint that the run goes on from. */
  readonly resumed: string | null
  readonly program: StepProgram
  /** For people: other data than before, no tokenizer to keep. */
  readonly notes?: readonly string[]
}

export interface StepEvent {
  readonly kind: 'step'
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly gradientNorm: number
  readonly learningRate: number
  /** Tokens trained on so far. */
  readonly tokens: number
  readonly tokensPerSecond: number
}

export interface EvaluationEvent {
  readonly kind: 'evaluation'
  readonly step: number
  /** Mean cross entropy, nats a token. */
  readonly loss: number
  readonly perplexity: number
  /** By the bytes for each token of the whole validation set, of which `eval_steps` takes the beginning. Null for masked tokens. */
  readonly bitsPerByte: number | null
}

export type TrainEvent =
  | StartEvent
  | StepEvent
  | { readonly kind: 'evaluating'; readonly done: number; readonly of: number }
  | EvaluationEvent
  | { readonly kind: 'checkpoint'; readonly step: number; readonly folder: string }
  | { readonly kind: 'end'; readonly step: number; readonly interrupted: boolean }

/**
 * Trains a model, from its config's seed or from the run's last checkpoint, and tells what happens. The batch of a step
 * is a function of the step and the seed, so a run resumed on the same data sees every sample once, and gives the
 * numbers of one that was never interrupted; on other data the start event notes it. Leaving the loop early keeps the
 * last checkpoint only; the signal saves first. Before the first step it ends at once, with an end event alone, and
 * leaves the run's folder as it was.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { engine, run, data, validation, evaluateEvery = 0, keepCheckpoints = 2, signal } = options
  if (!Number.isInteger(keepCheckpoints) || keepCheckpoints < 0)
    throw new RangeError(`keepCheckpoints must be an integer >= 0 (got ${keepCheckpoints}). Give 0 to keep all`)
  const config = withEndOfText(options)
  const trainer = new Trainer(engine, config, options.layers)
  const samples = order({ size: data.size, seed: config.seed })
  const source = batches({
    dataset: data,
    batchSize: config.train_batch_size,
    order: samples,
    rows: engine.localRows(trainer.rows),
  })
  const claim = await claimRun(run)
  let evaluate: MeanLoss | null = null
  let opened: MetricsLog | null = null
  let pending: Pending | null = null
  let abandoned: Promise<unknown> | null = null
  try {
    const tokenizerHash = data.indexes.find((index) => index.tokenizerHash !== null)?.tokenizerHash ?? undefined
    const preparing = prepare(trainer, { ...options, tokenizerHash }, source)
    const prepared = await unlessAborted(preparing, signal)
    if (prepared === ABORTED) {
      abandoned = preparing
      yield { kind: 'end', step: trainer.step, interrupted: true }
      return
    }
    const { resumed, tokenizer, notes, program, identity, evaluated } = prepared
    await claim.check()
    await openRun(run, config, tokenizer)
    const log = (opened = await MetricsLog.open(join(run, 'metrics.jsonl'), trainer.step))
    const steps = config.train_steps
    yield { kind: 'start', step: trainer.step, steps, parameters: trainer.parameterCount, resumed, program, notes }

    evaluate = meanLoss(engine, config, trainer.specs, trainer.layers)
    let saved = trainer.step
    const save = async (): Promise<TrainEvent> => {
      const folder = checkpointFolder(run, trainer.step)
      await claim.check()
      await log.flush() // a run that goes on after a checkpoint has the lines before it
      await trainer.save(folder, { tokenizer: tokenizerHash, data: identity })
      if (keepCheckpoints > 0) await pruneCheckpoints(run, keepCheckpoints)
      saved = trainer.step
      return { kind: 'checkpoint', step: trainer.step, folder }
    }
    const evaluates = (step: number) => step === steps || (evaluateEvery > 0 && step > 0 && step % evaluateEvery === 0)

    const clock = stepClock(config)
    const finish = async ({ step, metrics }: Pending): Promise<StepEvent> => {
      const event = { kind: 'step' as const, step, steps, ...(await readMetricsOf(metrics, step)), ...clock(step) }
      log.write({
        step,
        loss: event.loss,
        learning_rate: event.learningRate,
        gradient_norm: event.gradientNorm,
        tokens: event.tokens,
        tokens_per_second: Math.round(event.tokensPerSecond * 10) / 10,
      })
      return event
    }
    for (;;) {
      const { step } = trainer
      const ends = () => step >= steps || (signal?.aborted ?? false)
      const saves = () => step > saved && (ends() || step % config.steps_per_checkpoint === 0)
      if (pending && (ends() || saves() || evaluates(step))) {
        yield finish(pending)
        pending = null
      }
      if (saves()) yield save()
      if (validation && evaluates(step)) {
        const { parameters } = trainer
        yield* evaluation({ step, parameters, evaluate, data: validation, evaluated: evaluated!, config, log, signal })
      }
      if (ends()) break
      // What came before took time in which no step was trained.
      if (!pending) clock(step)
      debug('data', () => `step ${step + 1}: samples ${sampleIds(samples, step, config.train_batch_size).join(' ')}`)
      const metrics = await trainer.trainOn(await source.batch(step))
      // The numbers of the step before are read while this one runs.
      const before: Pending | null = pending
      pending = { step: trainer.step, metrics }
      if (before) yield finish(before)
    }
    // An end that came between the last two lines of the loop has its numbers and its checkpoint all the same.
    if (pending) yield finish(pending)
    if (trainer.step > saved) yield save()
    await log.flush()
    const unevaluated = trainer.step === steps && validation !== undefined && !log.evaluationAfter(steps, evaluated!)
    const interrupted = trainer.step < steps || unevaluated
    yield { kind: 'end', step: trainer.step, interrupted }
  } finally {
    await opened?.flush().catch(() => {}) // after a failure, which is what is told
    await source.close()
    if (pending) for (const array of metricsOf(pending.metrics)) array.dispose()
    evaluate?.dispose()
    if (abandoned === null) trainer.dispose()
    else void abandoned.catch(() => {}).then(() => trainer.dispose())
    await claim.leave()
  }
}

/** The config with the data's end-of-text token, which sampling needs. */
function withEndOfText({ config, data, eosId: named }: TrainOptions): ModelConfig {
  const eosId = data.indexes[0]?.eosId ?? config.eos_id ?? named
  return eosId === undefined || eosId >= config.n_vocab ? config : { ...config, eos_id: eosId }
}

/** What comes before the first step; an abort does not wait for it. Writes nothing. */
async function prepare(
  trainer: Trainer,
  { run, tokenizer, tokenizerHash, data, validation, config }: TrainOptions & Pick<RunFolder, 'tokenizerHash'>,
  source: ReturnType<typeof batches>,
) {
  const identity = await identityOf(data)
  const start = await findStart(trainer, { run, tokenizer, tokenizerHash, data: identity })
  checkOneTokenizer([...data.indexes, ...(validation?.indexes ?? [])], 'training and validation data')
  const evaluated = validation && (await evaluatedOf(validation, config))
  await source.batch(trainer.step) // bad data shows before the run is made
  return { ...start, identity, evaluated, program: await trainer.prepare() } // and so does a layout that cannot be
}

interface Pending {
  readonly step: number
  readonly metrics: StepMetrics<DeviceArray>
}

const metricsOf = ({ loss, gradientNorm, learningRate }: StepMetrics<DeviceArray>) => [loss, gradientNorm, learningRate]

async function readMetricsOf(metrics: StepMetrics<DeviceArray>, step: number) {
  const arrays = metricsOf(metrics)
  const [value, norm, rate] = await Promise.all(arrays.map((x) => x.readScalar()))
  for (const array of arrays) array.dispose()
  // A norm that is no number has made the parameters no numbers.
  const bad = !Number.isFinite(value) ? `loss is ${value}` : !Number.isFinite(norm) ? `gradient norm is ${norm}` : ''
  if (bad !== '') {
    throw new DivergenceError(
      `step ${step}: the ${bad}: training diverged. Checkpoints before it stay as they are; ` +
        'train in a new run with a lower lr, more warmup_steps or a lower gradient_clipping',
    )
  }
  return { loss: value, gradientNorm: norm, learningRate: rate }
}

/** The loss is no number any more. */
export class DivergenceError extends Error {
  override name = 'DivergenceError'
}

/** Steps over which the rate is measured. */
const RECENT = 20

/** Tokens so far, and tokens a second over the last steps. Called twice for one step, it begins anew. */
function stepClock({ train_batch_size, n_ctx }: ModelConfig) {
  const recent: { step: number; time: number }[] = []
  return (step: number) => {
    const now = performance.now()
    const last = recent.at(-1)
    if (last && step <= last.step) recent.length = 0
    recent.push({ step, time: now })
    if (recent.length > RECENT) recent.shift()
    const [first] = recent
    const seconds = (now - first.time) / 1000
    const each = train_batch_size * n_ctx
    return { tokens: step * each, tokensPerSecond: seconds > 0 ? ((step - first.step) * each) / seconds : 0 }
  }
}
