import { checkOneTokenizer, identityOf, type Batches, type Dataset } from '../data/index.js'
import { FileError } from '../files/index.js'
import { evaluatedOf } from './evaluation.js'
import type { Evaluated } from './metrics.js'
import { lastCheckpoint } from './run-folder.js'
import { tokenizerToKeep } from './run-tokenizer.js'
import type { StepProgram, Trainer } from './trainer.js'

export interface StartOptions {
  readonly run: string
  readonly data: Dataset
  readonly validation?: Dataset
  /** Path or name of the tokenizer to keep with the run. */
  readonly tokenizer?: string
  /** sha256 of the tokenizer of the training data, if known. */
  readonly tokenizerHash?: string
  readonly source: Batches
}

/** What a run has before its first step. */
export interface Start {
  /** Folder of the checkpoint that the run resumes from. */
  readonly resumed: string | null
  /** What to write as the run's tokenizer.json; undefined if it stays as it is. */
  readonly tokenizer?: Buffer
  /** Notes for the user. */
  readonly notes: readonly string[]
  /** Identity of the training data. */
  readonly identity: string
  /** What an evaluation is made of; undefined without validation data. */
  readonly evaluated?: Evaluated
  readonly program: StepProgram
}

/**
 * Prepares the first step: parameters, the first batch and the compiled step. Writes nothing, so that bad data or an
 * impossible layout is reported before a new run's folder exists. Throws FileError, TokenizerError, DataError.
 */
export async function prepareStart(trainer: Trainer, options: StartOptions): Promise<Start> {
  const { data, validation, source } = options
  const identity = await identityOf(data)
  const restored = await restoreOrInitialise(trainer, options, identity)
  checkOneTokenizer([...data.indexes, ...(validation?.indexes ?? [])], 'training and validation data')
  const evaluated = validation && (await evaluatedOf(validation, trainer.config))
  await source.batch(trainer.step)
  return { ...restored, identity, evaluated, program: await trainer.prepare() }
}

/** Gives a trainer the parameters of the run's last checkpoint, or initial ones. */
async function restoreOrInitialise(
  trainer: Trainer,
  { run, tokenizer, tokenizerHash }: StartOptions,
  identity: string,
): Promise<Pick<Start, 'resumed' | 'tokenizer' | 'notes'>> {
  const resumed = await lastCheckpoint(run)
  if (resumed === null) {
    await trainer.initialise()
    const { json, notes } = await tokenizerToKeep({ run, tokenizer, hashes: [tokenizerHash] })
    return { resumed, tokenizer: json, notes }
  }
  const manifest = await trainer.restore(resumed)
  if (manifest.tokenizer && tokenizerHash && manifest.tokenizer !== tokenizerHash) {
    throw new FileError(
      `${resumed} was trained on data of another tokenizer. Use data made with the run's tokenizer.json, or start a new run`,
      resumed,
    )
  }
  const kept = await tokenizerToKeep({ run, tokenizer, hashes: [tokenizerHash, manifest.tokenizer] })
  const otherData =
    `${run} was trained on other data up to step ${manifest.step}. From there on it is trained on this data, in the ` +
    'order of a run that began with it: some of its sequences are not seen in this epoch'
  const isOther = manifest.data !== undefined && manifest.data !== identity
  return { resumed, tokenizer: kept.json, notes: [...(isOther ? [otherData] : []), ...kept.notes] }
}
