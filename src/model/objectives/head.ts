import type { Tensor } from '../../tensor/index.js'
import type { Hidden } from '../dims.js'

/** What logits are made of: x [batch, sequence, embd] in the compute dtype times table, plus bias, those two in f32. */
export interface Head {
  readonly x: Hidden
  readonly table: Tensor<'vocab' | 'embd'>
  readonly bias?: Tensor<'vocab'>
}
export type Labels = Tensor<'batch' | 'sequence'>

/** Means over tokens, f32 scalars. */
export interface LossParts {
  /** What is minimised. */
  readonly loss: Tensor<never>
  /** Without z-loss; for people. */
  readonly crossEntropy: Tensor<never>
}

export interface CountedLoss extends LossParts {
  /** Tokens that the means are over. */
  readonly counted: Tensor<never>
}
