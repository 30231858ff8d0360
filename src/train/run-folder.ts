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
import { checkpointFolder, checkpointSteps } from '../checkpoint/index.js'

const METRICS = 'metrics.jsonl'

/** The metrics of a run. */
export const metricsPath = (run: string) => join(run, METRICS)

/** The newest checkpoint folder of a run; null for a new run. Throws FileError for a folder that is not a run's. */
export async function lastCheckpoint(run: string): Promise<string | null> {
  const step = (await checkpointSteps(run)).at(-1)
  if (step !== undefined) return checkpointFolder(run, step)
  // A run has metrics.jsonl before anything else.
  const unexpected = await findUnexpectedEntry(run, {
    marker: METRICS,
    expected: ['tokenizer.json', 'checkpoints', '.hosts'],
  })
  if (unexpected !== undefined)
    throw new FileError(`${run} must be a run folder or empty (it holds "${unexpected}"). Use another folder`, run)
  return null
}

/** An exclusive lock on a run folder. */
export interface RunLock {
  /** Throws FileError if another process has the lock by now. */
  check(): Promise<void>
  release(): Promise<void>
}

/**
 * Makes and locks the folder of a run until the lock is released or this process ends: two trainings in one folder
 * would overwrite each other's checkpoints. Releasing removes folders that were made for the lock alone. Throws
 * FileError.
 */
export async function lockRun(run: string): Promise<RunLock> {
  const made = await makeFolder(run)
  const path = join(run, '.lock')
  const lock = await withFileErrors('write', path, () => tryLock(path))
  if (lock === undefined) {
    const { description, pid } = await lockHolder(path)
    const stop = pid === undefined ? 'stop it' : `stop it (kill -INT ${pid}; it saves first)`
    throw new FileError(
      `${run} is locked by ${description}, which is training in it. Wait for it to finish, ${stop}, or use another ` +
        'run folder',
      run,
    )
  }
  return {
    check: () => lock.check(),
    async release() {
      await lock.release()
      if (made !== undefined) await removeEmptyFolders(run, made)
    },
  }
}

/**
 * Writes the files that a run has before its first step, and removes what a killed process left. Returns the path of
 * metrics.jsonl. Throws FileError.
 */
export async function openRun(run: string, config: ModelConfig, tokenizer?: Buffer): Promise<string> {
  await removeLeftovers(run)
  const metrics = join(run, METRICS)
  if (!(await isFile(metrics))) await writeFileAtomic(metrics, '')
  if (tokenizer !== undefined) await writeFileAtomic(join(run, 'tokenizer.json'), tokenizer)
  await writeFileAtomic(join(run, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  return metrics
}

/** Removes the partial files of a process that was killed while it wrote. */
async function removeLeftovers(run: string): Promise<void> {
  for (const folder of [run, join(run, 'checkpoints')]) {
    const entries = await readFolder(folder).catch(() => [])
    const left = entries.map(({ name }) => name).filter((name) => /^\..+\.[0-9a-f]{12}\.(partial|old|lock)$/.test(name))
    for (const name of left) await remove(join(folder, name))
  }
}
