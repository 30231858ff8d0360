import type { z } from 'zod'
import type { ModelConfig } from '../config/index.js'
import type { Random } from './random.js'

/** Training and test examples are of different random numbers, and some tasks ask for more in training. */
export type Split = 'train' | 'test'

export interface Example {
  /** At most `length` tokens; the rest of a row is padding. */
  readonly inputs: readonly number[]
  /** What the loss asks for at each position; -1 for nothing. */
  readonly labels: readonly number[]
  /** Of each label, in order, the group that its accuracy is reported in, such as "distance 8-15". @default none */
  readonly groups?: readonly string[]
}

/** A task with its settings: examples as functions of random numbers. */
export interface Task {
  /** Tokens and labels are below it. */
  readonly vocabulary: number
  /** Tokens of the longest example, which is n_ctx. */
  readonly length: number
  /** Token after the end of shorter examples. @default 0 */
  readonly padding?: number
  /** Model keys without which it cannot be learned. @default none */
  readonly model?: Partial<ModelConfig>
  /** The most labels of an example. */
  readonly labels: Readonly<Record<Split, number>>
  example(random: Random, split: Split): Example
}

/** A kind of task: its settings, and the task that they make. */
export interface TaskKind<S = Readonly<Record<string, unknown>>> {
  /** One line. */
  readonly meaning: string
  readonly keys: Readonly<Record<string, z.ZodType>>
  /** Training and test examples by default: those of its paper. */
  readonly examples: Readonly<Record<Split, number>>
  /** Problems of settings that are valid by themselves, one line each. */
  check?(settings: S): string[]
  open(settings: S): Task
}

/** The group of a distance: powers of two. */
export function distanceGroup(distance: number): string {
  return `distance ${rangeOf(distance)}`
}

/** "8-15" for 8 to 15. */
export function rangeOf(value: number): string {
  if (value < 2) return String(value)
  const low = 2 ** Math.floor(Math.log2(value))
  return `${low}-${2 * low - 1}`
}
