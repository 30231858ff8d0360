import type { ModelConfig } from '../../config/index.js'
import {
  and,
  barrier,
  cast,
  compare,
  constant,
  or,
  pad,
  random,
  slice,
  total,
  where,
  type Tensor,
} from '../../tensor/index.js'
import { NO_TOKEN } from '../kernels/cross-entropy.js'
import type { Model } from '../dims.js'
import type { CountedLoss, Labels, LossParts } from './head.js'

/**
 * Masks tokens to be predicted. ids i32 [batch, tokens] -> inputs and labels of the same dims. Of the tokens
 * that may be masked (not padding, not the class token, not mlm_mask_ignore_ids), mlm_mask_prob are chosen; of those
 * mlm_same_token_prob stay as they are, the others become mlm_mask_id, or with mlm_random_token_prob a random token.
 * Labels are the chosen tokens, and none elsewhere.
 * The original sets labels to 0 where it chose, so it scores the tokens that are in plain sight, and puts random tokens
 * everywhere, labels included. Source: gpt-neo inputs.py (mlm_sample_text), after Devlin et al. 2018, "BERT".
 */
export function maskTokens(key: random.Key, ids: Tensor, config: ModelConfig): { inputs: Tensor; labels: Tensor } {
  const {
    mlm_mask_id: maskId,
    mlm_cls_token_id: classId,
    mlm_mask_ignore_ids: ignored,
    padding_id: paddingId = 0,
    n_vocab: vocabulary,
    compat,
  } = config
  if (maskId === undefined)
    throw new RangeError('mlm_training needs mlm_mask_id, the token that stands for a masked one')
  const original = compat === 'gpt-neo'
  const withClass = classId === undefined ? ids : shifted(ids, classId)
  const [choose, replace, random_, which] = random.split(key, 4)
  const draw = (from: random.Key, p: number) => random.bernoulli(from, p, ids.dims)
  const notOneOf = (x: Tensor, values: readonly number[]): Tensor =>
    values.reduce<Tensor>((sum, value) => and(sum, compare(x, 'NE', value)), compare(x, 'GE', 0))
  const never = [original ? 0 : paddingId, ...ignored, ...(classId === undefined ? [] : [classId])]

  const chosen = and(draw(choose, config.mlm_mask_prob), notOneOf(withClass, never))
  const replaced = and(chosen, draw(replace, 1 - config.mlm_same_token_prob))
  const tokens = cast(random.uniform(which, ids.dims).mul(vocabulary - 1), 'i32').add(1)
  const exchanged = and(draw(random_, config.mlm_random_token_prob), notOneOf(tokens, never))
  const mask = constant(maskId, 'i32')
  if (original) {
    const seen = where(exchanged, tokens, withClass)
    const [inputs, labels] = fenced(where(replaced, mask, seen), where(chosen, constant(0, 'i32'), seen))
    return { inputs, labels }
  }
  const [inputs, labels] = fenced(
    where(replaced, where(exchanged, tokens, mask), withClass),
    where(chosen, withClass, constant(NO_TOKEN, 'i32')),
  )
  return { inputs, labels }
}

/**
 * Without a barrier XLA draws the random numbers again wherever an id is looked at, such as for each word of the vocabulary:
 * a training step of a small model took eight times as long to compile.
 */
const fenced = (inputs: Tensor, labels: Tensor) => barrier([inputs, labels])

/** The class token, then all but the last. */
function shifted(ids: Tensor, classId: number): Tensor {
  const tokens = ids.dims[1]
  const kept = slice(ids, tokens, 0, tokens.size - 1)
  return pad(kept, { name: tokens.name, size: tokens.size - 1 }, 1, 0, classId)
}

/** Labels that count for nothing are those of padding and of no token at all. */
export function countedLabels(
  labels: Labels,
  { config }: Pick<Model, 'config'>,
): { labels: Labels; counted: Tensor<never> } {
  const none = or(compare(labels, 'EQ', config.padding_id ?? 0), compare(labels, 'LT', 0))
  return {
    labels: where(none, constant(NO_TOKEN, 'i32'), labels),
    counted: total(where(none, constant(0, 'f32'), constant(1, 'f32'))),
  }
}

/** The mean over the labels that count; the original divides by all tokens. */
export function overCounted(
  { loss, crossEntropy }: LossParts,
  counted: Tensor<never>,
  { batch, sequence, original }: Model,
): CountedLoss {
  const all = constant(batch.size * sequence.size, 'f32')
  if (original) return { loss, crossEntropy, counted: all }
  const factor = all.div(counted.maximum(1))
  return { loss: loss.mul(factor), crossEntropy: crossEntropy.mul(factor), counted }
}
