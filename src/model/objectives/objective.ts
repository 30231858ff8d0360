import { constant } from '../../tensor/index.js'
import type { Model } from '../dims.js'
import { softmaxLoss } from './cross-entropy.js'
import { entmaxLoss } from './entmax.js'
import type { CountedLoss, Head, Labels } from './head.js'
import { countedLabels, overCounted } from './masked.js'

/** The loss that a config asks for. Labels outside of the vocabulary add nothing but z-loss. */
export function objective(head: Head, labels: Labels, model: Model): CountedLoss {
  const loss = model.config.entmax_loss ? entmaxLoss : softmaxLoss
  if (model.causal)
    return { ...loss(head, labels, model), counted: constant(model.batch.size * model.sequence.size, 'f32') }
  const { labels: kept, counted } = countedLabels(labels, model)
  return overCounted(loss(head, kept, model), counted, model)
}
