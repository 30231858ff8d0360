/** history.jsonl of a run: the weights that it began from, and each setting that changed, with the step. */
import { join, readJsonLines, writeJsonLines } from '../files/index.js'
import type { Change } from './resume.js'

/** The lines of a run's history, in order; none if nothing changed. Throws FileError. */
export async function readHistory(run: string): Promise<Change[]> {
  const lines = (await readJsonLines(join(run, 'history.jsonl'))) as (Change | null)[]
  return lines.filter((line): line is Change => typeof line?.step === 'number' && typeof line.what === 'string')
}

/**
 * Adds what changed at a step. Lines of it that are there are of an attempt that made no step, and lines of later ones are of
 * checkpoints that were lost: both are removed. Throws FileError.
 */
export async function recordHistory(run: string, step: number, changes: readonly Change[]): Promise<void> {
  const before = await readHistory(run)
  const kept = before.filter((line) => line.step < step)
  const lines = [...kept, ...changes]
  if (JSON.stringify(lines) !== JSON.stringify(before)) await writeJsonLines(join(run, 'history.jsonl'), lines)
}
