import { largestDivisor } from '../mesh/index.js'
import type { ModelConfig } from './keys/model-keys.js'

/**
 * Microbatches in a step. Source: Mesh TensorFlow utils.py (serialize_num_microbatches): a microbatch has
 * tokens_per_mb_per_replica // n_ctx sequences on each of the parts that the batch is split into, or the next lower
 * number that divides those.
 */
export function microbatchCount(
  { train_batch_size, tokens_per_mb_per_replica, n_ctx }: ModelConfig,
  batchParts = 1,
): number {
  if (!tokens_per_mb_per_replica) return 1
  const batch = train_batch_size % batchParts === 0 ? train_batch_size / batchParts : train_batch_size
  return batch / largestDivisor(batch, Math.max(1, Math.floor(tokens_per_mb_per_replica / n_ctx)))
}
