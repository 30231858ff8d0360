import { checkpointFolder, pruneCheckpoints } from '../checkpoint/index.js'
import type { CheckpointEvent } from './events.js'
import type { StateCopy } from './state-copy.js'
import type { SaveCopy, SavedOf, Trainer } from './trainer.js'

export interface SaverOptions {
  readonly run: string
  /** Of the steps that have a checkpoint those whose is kept; null where another process removes them. */
  readonly keep: ((steps: readonly number[]) => readonly number[]) | null
  /** What the processes of the run share, if it has several. */
  readonly parts?: NonNullable<Parameters<SaveCopy>[2]>['parts']
  /** What checkpoints state of the data. */
  readonly of: SavedOf
  /** Throws if the run is no longer this process's to write. */
  readonly checkLock: () => Promise<void>
}

/** What saving cost training, in seconds, since it was last asked. */
export interface SaveCost {
  /** Training stood still, to copy the state or to wait for the checkpoint before. */
  readonly checkpoint_stall_seconds?: number
  /** A checkpoint was written, from the copy to its commit, in the background. */
  readonly checkpoint_write_seconds?: number
}

/** Saves checkpoints of a run in the background: the state is copied to the host, and written from there. At most one is under way. */
export class Saver {
  private writing: Promise<void> | null = null
  private failure: { readonly cause: unknown } | null = null
  private committed: CheckpointEvent[] = []
  private cost: { checkpoint_stall_seconds?: number; checkpoint_write_seconds?: number } = {}

  constructor(
    private readonly trainer: Trainer,
    private readonly options: SaverOptions,
    /** Where the state is copied to; memory of an earlier copy is reused. */
    private readonly copy: StateCopy,
    /** Step of the last checkpoint that was begun. */
    public saved: number,
  ) {}

  /** Begins a checkpoint of this moment; waits for the one before, and for the copy. Throws what failed in the one before. */
  async begin(): Promise<void> {
    const start = performance.now()
    await this.settle()
    const { run, checkLock } = this.options
    const { step } = this.trainer
    await checkLock()
    const save = await this.trainer.copyOut(this.copy)
    this.saved = step
    const stall = performance.now() - start
    this.cost.checkpoint_stall_seconds = (this.cost.checkpoint_stall_seconds ?? 0) + seconds(stall)
    this.writing = this.write(checkpointFolder(run, step), step, save).catch((cause) => void (this.failure = { cause }))
  }

  private async write(folder: string, step: number, save: SaveCopy): Promise<void> {
    const start = performance.now()
    const { run, keep, of, checkLock, parts } = this.options
    await save(folder, of, { beforeCommit: checkLock, parts })
    this.cost.checkpoint_write_seconds = seconds(performance.now() - start)
    this.committed.push({ kind: 'checkpoint', step, folder })
    if (keep) await pruneCheckpoints(run, keep)
  }

  /** Checkpoints that were committed since the last call. Throws what failed in a write. */
  takeCommitted(): CheckpointEvent[] {
    if (this.failure) throw this.failure.cause
    return this.committed.splice(0)
  }

  /** Waits until nothing is under way. Throws what failed. */
  async settle(): Promise<void> {
    await this.writing
    this.writing = null
    if (this.failure) throw this.failure.cause
  }

  /** What saving cost since the last call. */
  takeCost(): SaveCost {
    const { cost } = this
    this.cost = {}
    return cost
  }
}

const seconds = (ms: number) => Math.round(ms) / 1000
