import { DeviceArray } from '../engine/index.js'
import type { LoadedModel } from '../generate/index.js'

/**
 * A text's ids as one row of a batch on the model's engine, i32 [batch, sequence]. Throws RangeError for a text that is empty or
 * longer than the context.
 */
export function uploadIds({ engine, config, model }: LoadedModel, ids: ArrayLike<number>) {
  const { length } = ids
  if (length === 0 || length > config.n_ctx)
    throw new RangeError(`the text must have 1 to ${config.n_ctx} tokens, the model's context (got ${length})`)
  const { batch, sequence, kinds } = model.shape(1, length)
  return { length, kinds, given: DeviceArray.from(engine, Int32Array.from(ids), [batch, sequence], 'i32') }
}
