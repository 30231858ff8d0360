import type { ModelConfig } from '../../config/index.js'
import type { ParameterSpec } from '../../model/index.js'
import { cast, type Dim, type Tensor } from '../../tensor/index.js'

/** The inputs of an update of one parameter; tensors are f32. */
export interface Update {
  readonly spec: ParameterSpec
  readonly parameter: Tensor
  readonly gradient: Tensor
  /** By slot name. */
  readonly slots: Readonly<Record<string, Tensor>>
  /** Learning rate, scalar. */
  readonly rate: Tensor<never>
  /** Steps done since the optimizer's state began, i32 scalar. */
  readonly step: Tensor<never>
  readonly config: ModelConfig
}

/** An array that an optimizer keeps for a parameter. */
export interface Slot {
  /** Suffix of the variable's name in checkpoints; see `slotName`. */
  readonly name: string
  /** Dims on the engine, the layers' first if they are stacked. */
  readonly dims: readonly Dim[]
  /** Shape of one layer in a checkpoint. */
  readonly shape: readonly number[]
}

export interface Optimizer {
  /** Whether the update of an element depends on other elements of its parameter. */
  readonly couplesElements: boolean
  slots(spec: ParameterSpec, config: ModelConfig): readonly Slot[]
  update(given: Update): { parameter: Tensor; slots: Record<string, Tensor> }
}

/** Slots with the parameter's dims. */
export function slotsLike({ dims, shape }: ParameterSpec, ...names: readonly string[]): Slot[] {
  return names.map((name) => ({ name, dims, shape }))
}

/** The dims of a parameter as checkpoints have them, after `layers` if those are stacked. */
export function checkpointDims({ names, dims, shape, shapeNames }: ParameterSpec): Dim[] {
  const vocab = dims.find(({ name }) => name === 'vocab') // with its padding
  const ofLayer = shape.map((size, i) => (shapeNames[i] === 'vocab' && vocab ? vocab : { name: shapeNames[i], size }))
  return names.length > 1 ? [dims[0], ...ofLayer] : ofLayer
}

/**
 * The parameter as weight decay and Adafactor's scale read it: in the original's bf16 runs that is the rounded copy
 * which activations use.
 */
export function readByOptimizer(parameter: Tensor, { compat, precision }: ModelConfig): Tensor {
  return compat === 'gpt-neo' && precision === 'bfloat16' ? cast(cast(parameter, 'bf16'), 'f32') : parameter
}
