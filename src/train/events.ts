import type { Tally } from './label-scores.js'
import type { TaskMetrics } from './metrics.js'
import type { Change } from './resume.js'
import type { StepProgram } from './trainer.js'

/** A run starts or resumes. */
export interface StartEvent {
  readonly kind: 'start'
  /** Steps done, of `steps`. */
  readonly step: number
  readonly steps: number
  readonly parameters: number
  /** Folder of the checkpoint that the run resumes from; null for a new run. */
  readonly resumed: string | null
  /** The model whose weights a new run begins from, if any. */
  readonly from?: string | null
  readonly program: StepProgram
  /** Notes for the user: changed settings, other data than before, no tokenizer to keep. */
  readonly notes?: readonly string[]
  /** Settings that are others than those of the checkpoint. */
  readonly changes?: readonly Change[]
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

/** Progress of an evaluation: batches of the validation data, or texts of the config's eval_tasks. */
export interface EvaluatingEvent {
  readonly kind: 'evaluating'
  readonly done: number
  readonly of: number
  readonly what?: 'tasks'
}

export interface EvaluationEvent {
  readonly kind: 'evaluation'
  readonly step: number
  /** Mean cross entropy, nats per token. */
  readonly loss: number
  readonly perplexity: number
  /** By the bytes per token of the whole validation set, of which `eval_steps` takes the beginning. Null for masked tokens. */
  readonly bitsPerByte: number | null
  /** Of labelled data: the fraction of labels that are the most likely token. */
  readonly accuracy?: number
  /** Of labelled data: the labels by the groups of the data. */
  readonly groups?: Readonly<Record<string, Tally>>
}

/** Metrics of the config's eval_tasks after a step, by task and name. */
export interface TasksEvent {
  readonly kind: 'tasks'
  readonly step: number
  readonly tasks: TaskMetrics
}

export interface CheckpointEvent {
  readonly kind: 'checkpoint'
  readonly step: number
  readonly folder: string
}

export interface EndEvent {
  readonly kind: 'end'
  readonly step: number
  readonly interrupted: boolean
}

export type TrainEvent =
  StartEvent | StepEvent | EvaluatingEvent | EvaluationEvent | TasksEvent | CheckpointEvent | EndEvent
