import { concat, dim, fill, reshape, transpose, type Tensor } from '../../tensor/index.js'
import { crossEntropy } from '../loss.js'
import type { Model } from '../dims.js'
import type { Head, Labels, LossParts } from './head.js'

/** Cross entropy of next tokens, with z-loss (see loss.ts), for either kind of output. */
export function softmaxLoss(head: Head, labels: Labels, model: Model): LossParts {
  if (!head.bias) return crossEntropy(head.x, head.table, labels, model)
  // A bias is one more feature, which is 1 in every hidden state.
  const { batch, sequence, embd, vocab } = model
  const one = dim('embd', 1)
  const wide = dim('embd', embd.size + 1)
  const x = concat(
    [transpose(head.x, [batch, sequence, embd]), fill([batch, sequence, one], 1, head.x.dtype)],
    'embd',
  ) as Tensor
  const bias = reshape(head.bias, [vocab, one])
  const table = concat([transpose(head.table, [vocab, embd]), bias], 'embd') as Tensor
  return crossEntropy(x, table, labels, { ...model, embd: wide })
}
