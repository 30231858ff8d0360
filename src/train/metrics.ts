import type { Tally } from './label-scores.js'
import { readJsonLines, startJsonLines, type JsonLines } from '../files/index.js'

/** A line of metrics.jsonl: a step, an evaluation after it, or settings that changed after it. */
export interface Metrics {
  /** Steps done. */
  readonly step: number
  /** Mean loss of the step's tokens, nats, with the z-loss. */
  readonly loss?: number
  readonly learning_rate?: number
  readonly gradient_norm?: number
  /** Tokens trained on so far. */
  readonly tokens?: number
  readonly tokens_per_second?: number
  /** Seconds for which training stood still for a checkpoint before the step. */
  readonly checkpoint_stall_seconds?: number
  /** Seconds that it took to write a checkpoint that was committed since the line before in the background. */
  readonly checkpoint_write_seconds?: number
  /** Mean cross entropy of the validation tokens, nats. */
  readonly validation_loss?: number
  readonly perplexity?: number
  readonly bits_per_byte?: number
  /** Fraction of the labels of labelled data that are the most likely token, and the labels by the groups of the data. */
  readonly accuracy?: number
  readonly accuracy_by?: Readonly<Record<string, Tally>>
  /** What was evaluated: identity of the data (src/data/read/identity.ts), number of sequences, and sequences per batch. */
  readonly validation_data?: string
  readonly validation_sequences?: number
  readonly validation_batch?: number
  /** Metrics of the config's eval_tasks, by task and name. */
  readonly tasks?: TaskMetrics
  /** What the tasks were: a hash of their data and settings. */
  readonly tasks_data?: string
  /** Settings that changed after the step, by name: what they were, and what they are from then on. */
  readonly changed?: { readonly [what: string]: readonly [from: unknown, to: unknown] }
}

/** Metrics by task and name. */
export type TaskMetrics = Readonly<Record<string, Readonly<Record<string, number>>>>

/** What an evaluation was computed on. */
export type Evaluated = Required<Pick<Metrics, 'validation_data' | 'validation_sequences' | 'validation_batch'>>

/** The line of an evaluation. */
export type EvaluationMetrics = Metrics & { readonly validation_loss: number }

/** Metrics of a run as JSON lines, each written when it is known. */
export class MetricsLog {
  private readonly evaluations = new Map<number, EvaluationMetrics>()
  private readonly tasks = new Map<string, TaskMetrics>()

  private constructor(
    private readonly file: JsonLines,
    lines: readonly Metrics[],
  ) {
    for (const line of lines) this.note(line)
  }

  /**
   * Opens the log of a run resumed after `step`: lines of later steps, whose checkpoint was lost, are removed, and changes
   * after this one, which the caller writes.
   */
  static async open(path: string, step: number): Promise<MetricsLog> {
    const kept = (await readMetrics(path)).filter(
      (line) => line.step < step || (line.step === step && line.changed === undefined),
    )
    return new MetricsLog(await startJsonLines(path, kept), kept)
  }

  /** The log of a process that writes nothing: another one of the run does. */
  static async follow(path: string, step: number): Promise<MetricsLog> {
    const kept = (await readMetrics(path)).filter((line) => line.step <= step)
    return new MetricsLog({ append: () => {}, flush: async () => {} }, kept)
  }

  /** Throws FileError, for example when the disk is full. */
  write(metrics: Metrics): void {
    this.file.append(metrics)
    this.note(metrics)
  }

  /** Waits until all lines are written. Throws FileError. */
  flush(): Promise<void> {
    return this.file.flush()
  }

  /** The evaluation after a step, if there was one; with `evaluated`, only one computed on the same. */
  evaluationAfter(step: number, evaluated?: Evaluated): EvaluationMetrics | undefined {
    const line = this.evaluations.get(step)
    const same = (Object.keys(evaluated ?? {}) as (keyof Evaluated)[]).every((key) => line?.[key] === evaluated![key])
    return same ? line : undefined
  }

  /** The metrics of tasks after a step, if these were evaluated. */
  tasksAfter(step: number, identity: string): TaskMetrics | undefined {
    return this.tasks.get(`${step} ${identity}`)
  }

  private note(line: Metrics): void {
    const { step, validation_loss, tasks, tasks_data } = line
    if (tasks !== undefined) this.tasks.set(`${step} ${tasks_data}`, tasks)
    if (validation_loss !== undefined) this.evaluations.set(step, { ...line, validation_loss })
  }
}

/**
 * The metrics of a run; empty if the file does not exist. Invalid lines, such as a truncated last one, are skipped.
 * Throws FileError.
 */
export async function readMetrics(path: string): Promise<Metrics[]> {
  const lines = (await readJsonLines(path)) as (Metrics | null)[]
  return lines.filter((line): line is Metrics => typeof line?.step === 'number')
}
