import type { ModelConfig } from '../../config/index.js'
import type { ParameterSpec } from '../../model/index.js'
import { cast, type Dim, type Tensor } from '../../tensor/index.js'

/** What an update of one parameter is made of; all f32. */
export interface Update {
  readonly spec: ParameterSpec
  readonly parameter: Tensor
  readonly gradient: Tensor
  /** By slot name. */
  readonly slots: Readonly<Record<string, Tensor>>
  /** Scalar. */
  readonly rate: Tensor<never>
  /** i32 scalar, from 0. */
  readonly step: Tensor<never>
  readonly config: ModelConfig
}

/** An array that an optimizer keeps for a parameter. */
export interface Slot {
  /** What follows the parameter's name in checkpoints; see `slotName`. */
  readonly name: string
  /** Dims on the engine, the layers' first if they are stacked. */
  readonly dims: readonly Dim[]
  /** Shape of one layer in a checkpoint. */
  readonly shape: readonly number[]
}

export interface Optimizer {
  /** Whether a number's update depends on others of its parameter. */
  readonly mixes: boolean
  slots(spec: ParameterSpec, config: ModelConfig): readonly Slot[]
  update(given: Update): { parameter: Tensor; slots: Record<string, Tensor> }
}

/** Slots of the parameter's own dims. */
export function slotsLike({ dims, shape }: ParameterSpec, ...names: readonly string[]): Slot[] {
  return names.map((name) => ({ name, dims, shape }))
}

/** The dims of a parameter as checkpoints have them, after `layers` if those are stacked. */
export function checkpointDims({ names, dims, shape, shapeNames }: ParameterSpec): Dim[] {
  const vocab = dims.find(({ name }) => name === 'vocab') // with its filler
  const own = shape.map((size, i) => (shapeNames[i] === 'vocab' && vocab ? vocab : { name: shapeNames[i], size }))
  return names.length > 1 ? [dims[0], ...own] : own
}

/**
 * The parameter as weight decay and Adafactor's scale read it: in the original's bf16 runs that is the rounded copy
 * which activations use.
 */
export function readByOptimizer(parameter: Tensor, { compat, precision }: ModelConfig): Tensor {
  return compat === 'gpt-neo' && precision === 'bfloat16' ? cast(cast(parameter, 'bf16'), 'f32') : parameter
}
