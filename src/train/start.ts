import { batches, checkOneTokenizer, identityOf, order, type Batches, type Dataset, type Order } from '../data/index.js'
import { openModel, type OpenModel } from '../convert/index.js'
import { FileError, resolve } from '../files/index.js'
import { checkSameTokenizer, startingWeights, type Adaptation } from './begin-from.js'
import { evaluatedOf } from './evaluation.js'
import type { Evaluated } from './metrics.js'
import { changesOf, describeChange, type Change } from './resume.js'
import { lastCheckpoint } from './run-folder.js'
import { tokenizerToKeep } from './run-tokenizer.js'
import { readRunTasks, type RunTasks } from './tasks.js'
import { StateCopy } from './state-copy.js'
import type { StepProgram, Trainer } from './trainer.js'

export interface StartOptions extends Adaptation {
  readonly run: string
  readonly data: Dataset
  readonly validation?: Dataset
  /** Path or name of the tokenizer to keep with the run. */
  readonly tokenizer?: string
  /** sha256 of the tokenizer of the training data, if known. */
  readonly tokenizerHash?: string
  /** The model that a new run begins from. */
  readonly from?: string
}

/** What a run has before its first step. */
export interface Start {
  /** Folder of the checkpoint that the run resumes from. */
  readonly resumed: string | null
  /** The model that a new run begins from, if any. */
  readonly from: string | null
  /** What to write as the run's tokenizer.json; undefined if it stays as it is. */
  readonly tokenizer?: Buffer
  /** Notes for the user. */
  readonly notes: readonly string[]
  /** Settings that are others than those of the checkpoint. */
  readonly changes: readonly Change[]
  /** Identity of the training data. */
  readonly identity: string
  /** What an evaluation is made of; undefined without validation data. */
  readonly evaluated?: Evaluated
  /** The config's eval_tasks. */
  readonly tasks?: RunTasks
  readonly program: StepProgram
  /** What checkpoints copy the state to. */
  readonly copy: StateCopy
  /** The order of the samples, and the position of step 0 in it. */
  readonly samples: Order
  readonly first: number
  readonly source: Batches
}

/**
 * Prepares the first step: parameters, the first batch and the compiled step. Writes nothing, so that bad data or an
 * impossible layout is reported before a new run's folder exists. Throws FileError, TokenizerError, DataError.
 */
export async function prepareStart(trainer: Trainer, options: StartOptions): Promise<Start> {
  const { data, validation } = options
  const { engine, config } = trainer
  const identity = await identityOf(data)
  const begun = await restoreOrBegin(trainer, options, identity)
  checkOneTokenizer([...data.indexes, ...(validation?.indexes ?? [])], 'training and validation data')
  const evaluated = validation && (await evaluatedOf(validation, config))
  const tasks = await readRunTasks(config, options.tokenizer, options.run)
  const samples = order({ size: data.size, seed: config.seed })
  const first = trainer.position - trainer.step * config.train_batch_size
  const rows = engine.localRows(trainer.rows)
  const source = batches({ dataset: data, batchSize: config.train_batch_size, order: samples, first, rows })
  try {
    await source.batch(trainer.step)
    const { program, copy } = await compileAndCopy(trainer)
    return { ...begun, identity, evaluated, tasks, samples, first, source, program, copy }
  } catch (cause) {
    await source.close()
    throw cause
  }
}

/**
 * Compiles the step, and meanwhile copies the state once where a checkpoint is due before the end: the first copy takes its
 * memory from the system, which is several times as slow as the copies after it, and for which training would stand still.
 */
async function compileAndCopy(trainer: Trainer): Promise<{ program: StepProgram; copy: StateCopy }> {
  const { config, step } = trainer
  const copy = new StateCopy()
  const every = config.steps_per_checkpoint
  const isDue = every > 0 && step + every < config.train_steps
  const [program, copied] = await Promise.allSettled([trainer.prepare(), isDue && trainer.copyOut(copy)])
  if (program.status === 'rejected') throw program.reason
  if (copied.status === 'rejected') throw copied.reason
  return { program: program.value, copy }
}

type Begun = Pick<Start, 'resumed' | 'from' | 'tokenizer' | 'notes' | 'changes'>

/** Gives a trainer the parameters of the run's last checkpoint, those of another model, or initial ones. */
async function restoreOrBegin(trainer: Trainer, options: StartOptions, identity: string): Promise<Begun> {
  const { run, tokenizer, tokenizerHash, from } = options
  const resumed = await lastCheckpoint(run)
  if (resumed !== null) return restore(trainer, resumed, options, identity)
  if (from !== undefined) return begin(trainer, from, options)
  if (trainer.config.lora_rank > 0)
    throw new FileError('lora_rank needs a model that the adapters are of. Name one with --from (from)', run)
  await trainer.initialise()
  const { json, notes } = await tokenizerToKeep({ run, tokenizer, hashes: [tokenizerHash] })
  return { resumed, from: null, tokenizer: json, notes, changes: [] }
}

/** Step 0 with the weights of another model. */
async function begin(trainer: Trainer, from: string, options: StartOptions): Promise<Begun> {
  const { run, tokenizer, tokenizerHash: hash, resize } = options
  const source = await openModel(from, { config: trainer.config })
  try {
    const weights = startingWeights(trainer.engine, source, trainer.config, options)
    if (!resize) await checkSameTokenizer(source, { tokenizer, hash })
    const base = trainer.config.lora_rank > 0 ? await baseOf(source, options) : null
    await trainer.start(weights.read, base)
    // Data that names no tokenizer is taken to be of the model's.
    const kept = hash === undefined && tokenizer === undefined ? source.tokenizer : tokenizer
    const { json, notes } = await tokenizerToKeep({ run, tokenizer: kept, hashes: [hash] })
    const change: Change = { step: 0, what: 'weights', from: null, to: describeSource(source) }
    return {
      resumed: null,
      from: source.folder,
      tokenizer: json,
      notes: [`beginning from the weights of ${describeSource(source)}`, ...source.notes, ...weights.notes, ...notes],
      changes: [change],
    }
  } finally {
    await source.close()
  }
}

/** How checkpoints of adapters name their base. Throws FileError for a base that exists only in this run. */
async function baseOf(source: OpenModel, { resize, fromLayers }: StartOptions) {
  if (resize || fromLayers)
    throw new FileError(
      'lora_rank must be 0 with --resize and --from-layers (resize, fromLayers): adapters are of a model as it is. Train ' +
        'the adapted model for a step first, and begin from that',
      source.folder,
    )
  return { path: resolve(source.folder), sha256: await source.identity() }
}

const describeSource = ({ folder, step }: OpenModel) => (step > 0 ? `${folder} (step ${step})` : folder)

async function restore(
  trainer: Trainer,
  resumed: string,
  { run, tokenizer, tokenizerHash, from }: StartOptions,
  identity: string,
): Promise<Begun> {
  const { manifest, config, freshOptimizer } = await trainer.restore(resumed, from)
  const { step } = manifest
  if (manifest.tokenizer && tokenizerHash && manifest.tokenizer !== tokenizerHash) {
    throw new FileError(
      `${resumed} was trained on data of another tokenizer. Use data made with the run's tokenizer.json, or start a new run`,
      resumed,
    )
  }
  const kept = await tokenizerToKeep({ run, tokenizer, hashes: [tokenizerHash, manifest.tokenizer] })
  const changes = changesOf(config, trainer.config, step)
  const notes = changes.map((change) => `after step ${step}, ${describeChange(change)}`)
  if (freshOptimizer) {
    changes.push({ step, what: 'optimizer state', from: null, to: 'zeros' })
    notes.push(`${resumed} has no state of ${trainer.config.opt_name}: it begins with an empty one`)
  }
  const isOtherData = manifest.data !== undefined && manifest.data !== identity
  if (isOtherData) {
    changes.push({ step, what: 'data', from: manifest.data!, to: identity })
    notes.push(
      `${run} was trained on other data up to step ${step}. From there on it is trained on this data, from the ` +
        'beginning of its order',
    )
  }
  // Another order: its epoch begins here, so that each of its samples is read once.
  if (isOtherData || config.seed !== trainer.config.seed) trainer.position = 0
  return { resumed, from: null, tokenizer: kept.json, notes: [...notes, ...kept.notes], changes }
}
