import type { ModelConfig } from '../config/index.js'
import { openModel } from '../convert/index.js'
import { DataError, sampleIds, type Dataset } from '../data/index.js'
import { debug, type DeviceArray, type Engine } from '../engine/index.js'
import { createScorer, type Scorer } from '../evaluate/index.js'
import type { LayerMode } from '../model/index.js'
import { checkpointSteps, openCheckpoint } from '../checkpoint/index.js'
import { configOfLayers, type Adaptation } from './begin-from.js'
import { evaluation } from './evaluation.js'
import type { EndEvent, StepEvent, TrainEvent } from './events.js'
import { Hosts, type HostTimes } from './hosts.js'
import { bestSteps, keepRulesOf, stepsToKeep, type KeepRules } from './keep.js'
import { labelScores } from './label-scores.js'
import { meanLoss, type MeanLoss } from './mean-loss.js'
import { recordHistory } from './history.js'
import { MetricsLog } from './metrics.js'
import { fineTuningConfig } from './recipe.js'
import type { Change } from './resume.js'
import { lastCheckpoint, lockRun, metricsPath, openRun, type RunLock } from './run-folder.js'
import { Saver } from './saver.js'
import { prepareStart, type Start } from './start.js'
import { disposeMetrics, readStepMetrics, stepClock } from './step-report.js'
import type { StepMetrics } from './step.js'
import { tasksEvaluation } from './tasks.js'
import { Trainer } from './trainer.js'
import { ABORTED, unlessAborted } from './unless-aborted.js'

export interface TrainOptions extends Adaptation {
  readonly engine: Engine
  /**
   * The model and its settings. A run may be resumed with other settings, but for those of the network.
   * @default the run's own; for a new run that of `from` with settings for fine-tuning (recipe.ts)
   */
  readonly config?: ModelConfig
  /**
   * Begins a new run at step 0 from the weights of a run, a checkpoint, an imported model, a Hugging Face folder, or a
   * TensorFlow checkpoint of the original. A run that has a checkpoint is resumed from that.
   */
  readonly from?: string
  /** Folder of the run: config.json, metrics.jsonl, history.jsonl, checkpoints/. An existing run is resumed. */
  readonly run: string
  readonly data: Dataset
  readonly validation?: Dataset
  /** Path or name of the tokenizer, which is kept with the run, so that sampling needs nothing else. */
  readonly tokenizer?: string
  /** Id of the token that ends a text, of data without an index for a config without eos_id. It is kept with the run. */
  readonly eosId?: number
  readonly layers?: LayerMode
  /** Steps between evaluations, on validation data and on the config's eval_tasks; 0 evaluates at the end only. @default 0 */
  readonly evaluateEvery?: number
  /** Ends training when an evaluation on labelled data has this accuracy. @default never */
  readonly stopAtAccuracy?: number
  /** Ends training when an evaluation has this validation loss or a lower one. @default never */
  readonly stopAtLoss?: number
  /** The newest checkpoints to keep; 0 keeps all. @default the config's keep_checkpoint_max: 2 */
  readonly keepCheckpoints?: number
  /**
   * Ends the run with a checkpoint, after the current step; of several processes all end after the same step. The engines host and
   * tfjs leave the current step out, if `aborted` becomes true while they compute it, as in a notebook; the next run makes it.
   */
  readonly signal?: AbortSignal
  /** Heartbeats between the processes of a run, if it has several. */
  readonly hosts?: HostTimes
}

/**
 * Trains a model, from its config's seed, from the weights of another model or from the run's last checkpoint, and reports
 * progress as events. Samples are read in an order that is a function of the seed and of the number read before, so a run
 * resumed on the same data, with whatever batch size, sees every sample once; with the same settings it gives the numbers
 * of one that was never interrupted. Settings that changed are noted in the start event, in history.jsonl and in the
 * metrics. Leaving the loop early keeps the
 * last checkpoint only; the signal saves first. Before the first step the signal ends the run at once, with an end event
 * alone, and leaves the run's folder as it was.
 * @throws FileError, DataError, TokenizerError, EngineError, LayoutError; DivergenceError if the loss is not finite
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { engine, run, data, keepCheckpoints = 0, signal } = options
  if (!Number.isInteger(keepCheckpoints) || keepCheckpoints < 0)
    throw new RangeError(`keepCheckpoints must be an integer >= 0 (got ${keepCheckpoints}). Give 0 to keep all`)
  const config = withEndOfText(options, options.config ?? (await defaultConfig(options)))
  const { completions = false } = data
  if (completions && config.mlm_training)
    throw new DataError('mlm_training must be off with data of completions (got on)')
  if (data.labels !== undefined && config.mlm_training)
    throw new DataError('mlm_training must be off with labelled data (got on)')
  if (config.auto_encoder && data.labels === undefined)
    throw new DataError('auto_encoder must have labelled data (got text). Train on a task such as compression')
  if (options.validation && (options.validation.labels === undefined) !== (data.labels === undefined))
    throw new DataError('training and validation data must both be labelled, or both of text (got one of each)')
  if ((options.validation?.completions ?? completions) !== completions)
    throw new DataError('training and validation data must both be of completions, or both of text (got one of each)')
  const ending = engine.process.count > 1 ? undefined : signal // processes finish the step that others take part in
  const trainer = new Trainer(engine, config, options.layers, data, ending)
  const isLeader = engine.process.index === 0
  const lock = isLeader ? await lockRun(run) : NO_LOCK
  let hosts: Hosts | null = null
  let failure: { readonly cause: unknown } | null = null
  let loop: TrainingLoop | null = null
  let start: Start | typeof ABORTED = ABORTED
  let abandoned: Promise<Start> | null = null
  try {
    if (engine.process.count > 1) hosts = await Hosts.join(run, engine.process, options.hosts, signal)
    const tokenizerHash = data.indexes.find((index) => index.tokenizerHash !== null)?.tokenizerHash ?? undefined
    const preparing = prepareStart(trainer, { ...options, tokenizerHash })
    start = await unlessAborted(preparing, signal)
    if (start === ABORTED) {
      abandoned = preparing
      yield { kind: 'end', step: trainer.step, interrupted: true }
      return
    }
    await lock.check()
    const log = isLeader
      ? await MetricsLog.open(await openRun(run, config, start.tokenizer), trainer.step)
      : await MetricsLog.follow(metricsPath(run), trainer.step)
    if (isLeader) await recordHistory(run, trainer.step, start.changes)
    logChanges(log, trainer.step, start.changes)
    const { samples, first, source } = start
    const nextBatch = (step: number) => {
      const ids = () => sampleIds(samples, step, config.train_batch_size, first).join(' ')
      debug('data', () => `step ${step + 1}: samples ${ids()}`)
      return source.batch(step)
    }
    loop = new TrainingLoop(trainer, { ...options, tokenizerHash, nextBatch, start, log, lock, group: hosts })
    const { resumed, from, program, notes, changes } = start
    const { step, parameterCount: parameters } = trainer
    yield { kind: 'start', step, steps: config.train_steps, parameters, resumed, from, program, notes, changes }
    yield* loop.run()
  } catch (cause) {
    failure = { cause }
    throw cause
  } finally {
    await loop?.close()
    if (start !== ABORTED) await start.source.close()
    if (abandoned === null) trainer.dispose()
    else
      void abandoned
        .then(({ source }) => source.close())
        .catch(() => {})
        .then(() => trainer.dispose())
    const interrupted = start === ABORTED ? new Error('interrupted before the first step') : undefined
    await hosts?.leave(failure?.cause ?? interrupted)
    await lock.release()
  }
}

/** Of the processes of a run the first one has the lock. */
const NO_LOCK: RunLock = { check: async () => {}, release: async () => {} }

/** The config of the run's last checkpoint, or that of the model to begin from, to be fine-tuned. */
async function defaultConfig({ run, from, fromLayers, data }: TrainOptions): Promise<ModelConfig> {
  const path = (await lastCheckpoint(run)) ?? from
  if (path === undefined)
    throw new TypeError('train must have a config, a run with a checkpoint, or from (got none). Give one')
  if (path !== from) {
    const checkpoint = await openCheckpoint(path, { verify: false })
    await checkpoint.close()
    return checkpoint.config
  }
  const { config, folder, close } = await openModel(path)
  await close()
  return fineTuningConfig(configOfLayers(config, fromLayers, folder), data.size)
}

/** Marks changed settings in the metrics, for plots. What a new run began from is in its history alone. */
function logChanges(log: MetricsLog, step: number, changes: readonly Change[]): void {
  const changed = Object.fromEntries(
    changes.filter(({ what }) => what !== 'weights').map(({ what, from, to }) => [what, [from, to] as const]),
  )
  if (Object.keys(changed).length > 0) log.write({ step, changed })
}

/** The config with the data's end-of-text token, which sampling needs. */
function withEndOfText({ data, eosId: named }: TrainOptions, config: ModelConfig): ModelConfig {
  const eosId = data.indexes[0]?.eosId ?? config.eos_id ?? named
  return eosId === undefined || eosId >= config.n_vocab ? config : { ...config, eos_id: eosId }
}

type LoopOptions = Omit<TrainOptions, 'engine' | 'tokenizer' | 'layers' | 'config' | 'eosId'> & {
  readonly tokenizerHash?: string
  readonly nextBatch: (step: number) => Promise<Int32Array>
  readonly start: Start
  readonly log: MetricsLog
  readonly lock: RunLock
  /** The processes of the run, if there are several. */
  readonly group: Hosts | null
}

/** The steps of a run, and what is due between them: reports, checkpoints, evaluations. */
class TrainingLoop {
  private readonly evaluate: MeanLoss
  private readonly scorer: Scorer | null
  private readonly clock: ReturnType<typeof stepClock>
  /** The metrics of the last step, which are read while the next one runs. */
  private pending: { readonly step: number; readonly metrics: StepMetrics<DeviceArray> } | null = null
  private readonly saver: Saver
  /** Whether an evaluation had the accuracy or loss at which training ends. */
  private solved = false
  /** Whether the processes of the run stop after the current step. */
  private stopped = false
  private readonly rules: KeepRules
  /** Steps of which a checkpoint was there or was begun, also of those removed since. */
  private readonly begun = new Set<number>()

  constructor(
    private readonly trainer: Trainer,
    private readonly options: LoopOptions,
  ) {
    const { completions, labels } = options.data
    this.evaluate =
      labels === undefined
        ? meanLoss(trainer.engine, trainer.model, { completions })
        : labelScores(trainer.engine, trainer.model, Math.max(labels, options.validation?.labels ?? 0))
    this.scorer = options.start.tasks ? createScorer(trainer.engine, trainer.model) : null
    this.clock = stepClock(trainer.config, { step: trainer.step, tokens: trainer.tokens })
    const { run, keepCheckpoints, tokenizerHash: tokenizer, start, lock, group } = options
    this.rules = keepRulesOf(trainer.config, keepCheckpoints)
    const keep = (steps: readonly number[]) => stepsToKeep(steps, this.rules, this.lossAt)
    const of = { tokenizer, data: start.identity }
    const checkLock = () => lock.check()
    const parts = group ? { attempt: group.attempt, checkOthers: () => group.check() } : undefined
    const saving = { run, keep: (group?.isLeader ?? true) ? keep : null, of, checkLock, parts }
    this.saver = new Saver(trainer, saving, start.copy, trainer.step)
  }

  async *run(): AsyncGenerator<TrainEvent> {
    if (this.rules.best > 0) for (const step of await checkpointSteps(this.options.run)) this.begun.add(step)
    yield* this.atBoundary()
    while (!this.ends()) {
      yield* this.oneStep()
      yield* this.atBoundary()
    }
    // The signal may have come after the checks of the last boundary.
    yield* this.report()
    if (this.trainer.step > this.saver.saved) await this.save()
    await this.saver.settle()
    yield* this.saver.takeCommitted()
    await this.options.log.flush()
    yield this.end()
  }

  /** Starts a step, and reports the one before while it runs. */
  private async *oneStep(): AsyncGenerator<TrainEvent> {
    const { trainer, pending } = this
    if (pending === null) this.clock(trainer.step) // the time since the last step was not training
    const metrics = await this.guarded(trainer.trainOn(await this.options.nextBatch(trainer.step))).catch(
      this.abandoned,
    )
    if (metrics === ABORTED) return
    this.pending = { step: trainer.step, metrics }
    if (pending !== null) yield this.finish(pending)
  }

  /** Of a step that the engine has abandoned, for the signal: the last one is the one before. */
  private readonly abandoned = (cause: unknown): typeof ABORTED => {
    const { signal } = this.options
    if (signal?.aborted && cause === signal.reason) return ABORTED
    throw cause
  }

  /** The result of work that ends when all processes take part; throws HostError if one of them cannot. */
  private guarded<T>(work: Promise<T>): Promise<T> {
    return this.options.group?.race(work) ?? work
  }

  /** Saves and evaluates where that is due after the current step. */
  private async *atBoundary(): AsyncGenerator<TrainEvent> {
    if (this.options.group) this.stopped = !(await this.options.group.continues(this.trainer.step))
    const { trainer, evaluate } = this
    const { step, config } = trainer
    const { validation: data, evaluateEvery = 0, log, group } = this.options
    const signal = group ? undefined : this.options.signal // an evaluation of several processes cannot end on one
    const { tasks } = this.options.start
    const evaluates = step === config.train_steps || (evaluateEvery > 0 && step > 0 && step % evaluateEvery === 0)
    const saves = () => step > this.saver.saved && (this.ends() || step % config.steps_per_checkpoint === 0)
    yield* this.saver.takeCommitted()
    if (this.ends() || saves() || evaluates) yield* this.report()
    if (saves()) await this.save()
    if (data && evaluates) {
      const evaluated = this.options.start.evaluated!
      const given = { step, parameters: trainer.parameters, evaluate, data, evaluated, config, log, signal }
      for await (const event of evaluation(given)) {
        const { stopAtAccuracy = Infinity, stopAtLoss = -Infinity } = this.options
        if (
          event.kind === 'evaluation' &&
          ((event.accuracy ?? 0) >= stopAtAccuracy || (Number.isFinite(event.loss) && event.loss <= stopAtLoss))
        )
          this.solved = true
        yield event
      }
      if (this.isBest()) await this.save()
    }
    if (tasks && evaluates)
      yield* tasksEvaluation({ step, parameters: trainer.parameters, scorer: this.scorer!, tasks, log, signal })
  }

  /** Validation loss after a step, if it was evaluated on the run's validation data. */
  private readonly lossAt = (step: number): number | undefined => {
    const { log, start } = this.options
    return start.evaluated && log.evaluationAfter(step, start.evaluated)?.validation_loss
  }

  /**
   * Whether the current step has one of the lowest validation losses of those with a checkpoint, which it lacks. All
   * processes of a run have to agree on it, so it does not depend on what is in the folder while one of them saves and
   * another removes: a checkpoint that was removed for its loss was not among the best, nor could it be.
   */
  private isBest(): boolean {
    const { step } = this.trainer
    const { best } = this.rules
    if (best === 0 || step === 0 || step <= this.saver.saved || this.lossAt(step) === undefined) return false
    return bestSteps([...this.begun, step], best, this.lossAt).includes(step)
  }

  private ends(): boolean {
    const { trainer, solved } = this
    const { group, signal } = this.options
    const stopped = group ? this.stopped : (signal?.aborted ?? false)
    return solved || stopped || trainer.step >= trainer.config.train_steps
  }

  private async *report(): AsyncGenerator<StepEvent> {
    const { pending } = this
    if (pending === null) return
    yield this.finish(pending)
    this.pending = null
  }

  /** Reads and logs the metrics of a step. Throws DivergenceError. */
  private async finish({ step, metrics }: { step: number; metrics: StepMetrics<DeviceArray> }): Promise<StepEvent> {
    const { loss, gradientNorm, learningRate } = await this.guarded(readStepMetrics(metrics, step))
    const { tokens, tokensPerSecond } = this.clock(step)
    this.options.log.write({
      step,
      loss,
      learning_rate: learningRate,
      gradient_norm: gradientNorm,
      tokens,
      tokens_per_second: Math.round(tokensPerSecond * 10) / 10,
      ...this.saver.takeCost(),
    })
    const steps = this.trainer.config.train_steps
    return { kind: 'step', step, steps, loss, gradientNorm, learningRate, tokens, tokensPerSecond }
  }

  private async save(): Promise<void> {
    await this.options.log.flush() // a run resumed from a checkpoint has the lines before it
    this.begun.add(this.trainer.step)
    await this.guarded(this.saver.begin())
  }

  private end(): EndEvent {
    const { validation, start, log } = this.options
    const { step, config } = this.trainer
    const { evaluated, tasks } = start
    const unevaluated =
      (validation !== undefined && !log.evaluationAfter(step, evaluated)) ||
      (tasks !== undefined && !log.tasksAfter(step, tasks.identity))
    return { kind: 'end', step, interrupted: (step < config.train_steps && !this.solved) || unevaluated }
  }

  /** Waits for the checkpoint under way, and writes what the log still has, also after a failure, which is what is reported then. */
  async close(): Promise<void> {
    await this.saver.settle().catch(() => {})
    await this.options.log.flush().catch(() => {})
    if (this.pending) disposeMetrics(this.pending.metrics)
    this.evaluate.dispose()
    this.scorer?.dispose()
  }
}
