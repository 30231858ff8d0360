import type { ModelConfig } from '../../config/index.js'
import type { ParameterSpec } from '../../model/index.js'
import type { Tensor } from '../../tensor/index.js'

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

export interface Optimizer {
  /** Names of the arrays kept for each parameter, as they follow the parameter's name in checkpoints. */
  readonly slots: readonly string[]
  update(given: Update): { parameter: Tensor; slots: Record<string, Tensor> }
}
