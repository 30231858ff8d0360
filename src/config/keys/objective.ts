import { key } from './key.js'
import { flag, id, ids, notNegative, probability } from './kinds.js'

const mlm = 'inputs.py: mlm_sample_text'

/** What is learned: the loss and its labels. */
export const modelKeysOfObjective = {
  z_loss: key(
    notNegative.default(1e-4),
    'weight of the squared log-partition in the loss',
    'models/gpt2/gpt2.py: model',
  ),
  entmax_loss: key(
    flag.default(false),
    'entmax (alpha 1.3) in place of softmax in the loss',
    'models/gpt2/gpt2.py: model',
  ),
  eos_id: key(id.optional(), 'token that ends a text', 'model_fns.py: model_fn', { otherwise: "the data set's" }),
  padding_id: key(
    id.optional(),
    'token that fills up; with mlm_training labels of it count for nothing',
    'models/gpt2/gpt2.py: model',
    { otherwise: '0 in the loss of mlm_training' },
  ),
  mlm_training: key(flag.default(false), 'learn masked tokens, and see both sides, in place of next tokens', mlm),
  mlm_mask_id: key(id.optional(), 'token that stands for a masked one', mlm, {
    otherwise: 'required with mlm_training',
  }),
  mlm_cls_token_id: key(id.optional(), 'token put before every sequence', mlm, { otherwise: 'none' }),
  mlm_mask_prob: key(probability.default(0.15), 'part of the tokens that is to be found out', mlm),
  mlm_same_token_prob: key(probability.default(0.1), 'part of those that stays as it is', mlm),
  mlm_random_token_prob: key(probability.default(0), 'part of those that becomes another token', mlm),
  mlm_mask_ignore_ids: key(ids.default([]), 'tokens that are never masked', mlm),
} as const
