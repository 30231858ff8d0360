import { where, type Tensor, type Value } from '../tensor/index.js'

/** Stands for a token where logits are not numbers. */
const NONE = -1

/** `ids` (i32 [batch]), or -1 for a row of `logits` (f32 [batch, vocab]) that has NaN or infinity. */
export function onlyOfNumbers(ids: Tensor<'batch'>, logits: Tensor<'batch' | 'vocab'>): Tensor<'batch'> {
  const [, vocab] = logits.dims
  const sound = (where(logits.less(Infinity), 1, 0) as Value as Tensor).min(vocab) as Value as Tensor<'batch'>
  return where(sound.greater(0), ids, NONE) as Value as Tensor<'batch'>
}

/** Throws Error for ids that `onlyOfNumbers` has marked. */
export function checkPicked(ids: ArrayLike<number>): void {
  if (!Array.from(ids).includes(NONE)) return
  throw new LogitsError(
    "the model's logits must be finite (got NaN or infinity). Its weights are damaged, or its training diverged: " +
      'use an earlier checkpoint',
  )
}

/** A model that computes something other than numbers. */
export class LogitsError extends Error {
  override name = 'LogitsError'
}
