import { abs, where, type Tensor } from '../tensor/index.js'

/** Used as the token id where logits are not finite. */
const NOT_FINITE = -1

export const NOT_FINITE_LOGITS =
  "the model's logits must be finite (got NaN or infinity). Its weights are damaged, or its training diverged: " +
  'use an earlier checkpoint'

/** `ids` (i32 [batch]), or -1 for a row of `logits` (f32 [batch, vocab]) with NaN or infinity. */
export function markNotFinite(ids: Tensor<'batch'>, logits: Tensor<'batch' | 'vocab'>): Tensor<'batch'> {
  const [, vocab] = logits.dims
  const finite = where(abs(logits).less(Infinity), 1, 0).min(vocab)
  return where(finite.greater(0), ids, NOT_FINITE)
}

/** Throws Error for ids that `markNotFinite` has marked. */
export function checkPicked(ids: ArrayLike<number>): void {
  if (!Array.from(ids).includes(NOT_FINITE)) return
  throw new LogitsError(NOT_FINITE_LOGITS)
}

/** The model computes logits that are NaN or infinite. */
export class LogitsError extends Error {
  override name = 'LogitsError'
}
