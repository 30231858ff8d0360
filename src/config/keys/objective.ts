import { key } from './key.js'
import { flag, id, ids, notNegative, probability } from './kinds.js'

const mlm = 'inputs.py: mlm_sample_text'

/** What is learned: the loss and its labels. */
export const modelKeysOfObjective = {
  z_loss: key(
    notNegative.default(1e-4),
    'weight of the z-loss, the squared log-partition',
    'models/gpt2/gpt2.py: model',
  ),
  entmax_loss: key(
    flag.default(false),
    'entmax (alpha 1.3) instead of softmax in the loss',
    'models/gpt2/gpt2.py: model',
  ),
  eos_id: key(id.optional(), 'end-of-text token', 'model_fns.py: model_fn', { otherwise: "the data set's" }),
  padding_id: key(
    id.optional(),
    'padding token; with mlm_training the loss ignores labels equal to it',
    'models/gpt2/gpt2.py: model',
    { otherwise: '0 in the loss of mlm_training' },
  ),
  mlm_training: key(
    flag.default(false),
    'masked language modelling: bidirectional attention; masked tokens are predicted, not next ones',
    mlm,
  ),
  mlm_mask_id: key(id.optional(), 'mask token', mlm, {
    otherwise: 'required with mlm_training',
  }),
  mlm_cls_token_id: key(id.optional(), 'token prepended to every sequence', mlm, { otherwise: 'none' }),
  mlm_mask_prob: key(probability.default(0.15), 'fraction of the tokens to predict', mlm),
  mlm_same_token_prob: key(probability.default(0.1), 'fraction of those that stay unchanged', mlm),
  mlm_random_token_prob: key(probability.default(0), 'fraction of those that become a random token', mlm),
  mlm_mask_ignore_ids: key(ids.default([]), 'tokens that are never masked', mlm),
} as const
