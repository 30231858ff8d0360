import type { ModelConfig } from '../config/index.js'
import { cast, constant, cos, minimum, where, type Tensor } from '../tensor/index.js'

/**
 * Learning rate at a step (i32 scalar, from 0). With s = min(step, T) / T and T = lr_decay_end or train_steps: cosine
 * lr (0.1 + 0.9 (1 + cos(pi s)) / 2), linear lr (1 - 0.9 s), none lr; times step / warmup_steps before the end of the
 * warm-up, so the first step has rate 0. The decay runs during the warm-up too. Source: gpt-neo optimizers.py.
 */
export function learningRate(step: Tensor<never>, config: ModelConfig): Tensor<never> {
  const at = cast(step, 'f32')
  const end = config.lr_decay_end ?? config.train_steps
  const progress = minimum(at, end).div(end)
  const decayed = {
    cosine: () =>
      cos(progress.mul(Math.PI))
        .add(1)
        .mul(0.45 * config.lr)
        .add(0.1 * config.lr),
    linear: () => progress.mul(-0.9 * config.lr).add(config.lr),
    none: () => constant(config.lr, 'f32'),
  }[config.lr_decay]()
  if (config.warmup_steps === 0) return decayed
  const warming = at.div(config.warmup_steps).mul(decayed)
  return where(at.less(config.warmup_steps), warming, decayed)
}
