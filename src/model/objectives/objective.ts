import {
  compare,
  concat,
  constant,
  dim,
  fill,
  reshape,
  total,
  transpose,
  where,
  type Tensor,
} from '../../tensor/index.js'
import type { Model } from '../dims.js'
import { crossEntropy } from '../kernels/cross-entropy.js'
import { entmaxLoss } from './entmax.js'
import type { CountedLoss, Head, Labels, LossParts } from './head.js'
import { countedLabels, overCounted } from './masked.js'

/**
 * The loss that a config asks for. Labels outside of the vocabulary add nothing but z-loss; where rows hold several
 * documents, or some positions alone have labels, the mean is over the labels >= 0.
 */
export function objective(head: Head, labels: Labels, model: Model): CountedLoss {
  const loss = model.config.entmax_loss ? entmaxLoss : softmaxLoss
  if (model.packing || model.labelled !== undefined) {
    const counted = total(where(compare(labels, 'GE', 0), constant(1, 'f32'), constant(0, 'f32')))
    return overCounted(loss(head, labels, model), counted, { ...model, original: false })
  }
  if (model.causal)
    return { ...loss(head, labels, model), counted: constant(model.batch.size * model.sequence.size, 'f32') }
  const { labels: kept, counted } = countedLabels(labels, model)
  return overCounted(loss(head, kept, model), counted, model)
}

/** Cross entropy of next tokens, with z-loss (see loss.ts), for either kind of output. */
function softmaxLoss(head: Head, labels: Labels, model: Model): LossParts {
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
