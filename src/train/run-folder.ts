import type { ModelConfig } from '../config/index.js'
import {
  FileError,
  findUnexpectedEntry,
  isFile,
  join,
  lockHolder,
  makeFolder,
  readFolder,
  remove,
  removeEmptyFolders,
  tryLock,
  withFileErrors,
  writeFileAtomic,
} from '../files/index.js'
import { checkpointFolder, checkpointSteps, type Manifest } from './checkpoint.js'
import { tokenizerToKeep } from './run-tokenizer.js'
import type { Trainer } from './trainer.js'

export interface RunFolder {
  readonly run: string
  /** Path or name of the tokenizer to keep with the run. */
  readonly tokenizer?: string
  /** Of the training data, if known. */
  readonly tokenizerHash?: string
  /** Identity of the training data. */
  readonly data: string
}

/** Where a run begins, or resumes. */
export interface RunStart {
  /** Folder of the checkpoint that it resumes from. */
  readonly resumed: string | null
  /** What to write as the run's tokenizer.json; undefined if it stays as it is. */
  readonly tokenizer?: Buffer
  /** For people. */
  readonly notes: readonly string[]
}

/**
 * Gives a trainer the parameters of the run's last checkpoint, or initial ones. Writes nothing: what speaks against
 * resuming is found first. Throws FileError, TokenizerError.
 */
export async function findStart(
  trainer: Trainer,
  { run, tokenizer, tokenizerHash, data }: RunFolder,
): Promise<RunStart> {
  const steps = await checkpointSteps(run)
  let resumed: string | null = null
  let manifest: Manifest | null = null
  if (steps.length > 0) {
    resumed = checkpointFolder(run, steps[steps.length - 1])
    manifest = await trainer.restore(resumed)
    if (manifest.tokenizer && tokenizerHash && manifest.tokenizer !== tokenizerHash) {
      throw new FileError(
        `${resumed} was trained on data of another tokenizer. Use data made with the run's ` +
          'tokenizer.json, or start a new run',
        resumed,
      )
    }
  } else {
    await refuseForeign(run)
    await trainer.initialise()
  }
  const kept = await tokenizerToKeep({ run, tokenizer, hashes: [tokenizerHash, manifest?.tokenizer] })
  const otherData = manifest?.data !== undefined && manifest.data !== data
  const notes = otherData
    ? [
        `${run} was trained on other data up to step ${manifest!.step}; from there on it is trained on this, in the ` +
          'order of a run that began with it: some of its sequences will not be seen in this epoch',
      ]
    : []
  return { resumed, tokenizer: kept.json, notes: [...notes, ...kept.notes] }
}

/** That a run is this process's. */
export interface RunClaim {
  /** Throws FileError if it is another's by now. */
  check(): Promise<void>
  leave(): Promise<void>
}

/**
 * Makes the folder of a run this process's, until it leaves it or ends: two that train in one folder would overwrite
 * each other's checkpoints. Throws FileError. What was made only for that is removed in the end.
 */
export async function claimRun(run: string): Promise<RunClaim> {
  const made = await makeFolder(run)
  const path = join(run, '.lock')
  const lock = await withFileErrors('write', path, () => tryLock(path))
  if (lock === undefined) {
    const { description, pid } = await lockHolder(path)
    const stop = pid === undefined ? 'stop that one' : `stop that one (kill -INT ${pid}; it saves first)`
    throw new FileError(
      `${run} is in use: ${description} trains in it. Wait for its end, ${stop}, or name another folder`,
      run,
    )
  }
  return {
    check: () => lock.check(),
    async leave() {
      await lock.release()
      if (made !== undefined) await removeEmptyFolders(run, made)
    },
  }
}

/** Writes into the folder of a run what there is before training, and removes what a killed process left. Throws FileError. */
export async function openRun(run: string, config: ModelConfig, tokenizer?: Buffer): Promise<void> {
  await removeLeftovers(run)
  if (!(await isFile(join(run, METRICS)))) await writeFileAtomic(join(run, METRICS), '')
  if (tokenizer !== undefined) await writeFileAtomic(join(run, 'tokenizer.json'), tokenizer)
  await writeFileAtomic(join(run, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
}

const METRICS = 'metrics.jsonl'

/** A run has metrics.jsonl before anything else; other things are somebody else's, among which nothing is to be put. */
async function refuseForeign(run: string): Promise<void> {
  const foreign = await findUnexpectedEntry(run, { marker: METRICS, expected: ['tokenizer.json', 'checkpoints'] })
  if (foreign !== undefined) throw new FileError(`${run} holds "${foreign}" and is no run. Name another folder`, run)
}

/** Removes what a process that was killed while it wrote has left. */
async function removeLeftovers(run: string): Promise<void> {
  for (const folder of [run, join(run, 'checkpoints')]) {
    const entries = await readFolder(folder).catch(() => [])
    const left = entries.map(({ name }) => name).filter((name) => /^\..+\.[0-9a-f]{12}\.(partial|old|lock)$/.test(name))
    for (const name of left) await remove(join(folder, name))
  }
}
