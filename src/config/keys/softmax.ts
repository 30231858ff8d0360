import { key } from './key.js'
import { count, flag, notNegative, size } from './kinds.js'

/** Options of softmax attention: layers of the kinds global, local and those like them. */
export const modelKeysOfSoftmax = {
  n_kv_head: key(
    size.optional(),
    'heads of keys and values, each shared by a group of query heads (1: multi-query attention); must divide n_head',
    'neomesh',
    { otherwise: 'n_head' },
  ),
  qkv_bias: key(flag.default(false), 'biases of queries, keys and values', 'neomesh'),
  qk_norm: key(flag.default(false), 'RMSNorm over the features of each query and key', 'neomesh'),
  attention_sinks: key(
    flag.default(false),
    "a learned logit of each head in its softmax's sum, so that a query may attend to nothing",
    'neomesh',
  ),
  attn_logit_softcap: key(
    notNegative.default(0),
    'soft cap c of the logits of attention, which become c tanh(logit / c) (0: none)',
    'neomesh',
  ),
  attn_output_gate: key(
    flag.default(false),
    'what a head attends to is multiplied by a sigmoid gate, linear in the stream, for each feature',
    'neomesh',
  ),
  kv_lora_rank: key(size.optional(), 'latent attention: features that keys and values are made of', 'neomesh', {
    otherwise: '4 head_dim',
  }),
  q_lora_rank: key(
    count.default(0),
    'latent attention: features that queries are made of (0: the stream itself)',
    'neomesh',
  ),
  qk_nope_head_dim: key(
    size.optional(),
    "latent attention: features of a head's own keys, without positions",
    'neomesh',
    {
      otherwise: 'head_dim',
    },
  ),
  qk_rope_head_dim: key(
    count.optional(),
    'latent attention: features of the key that all heads share, rotated with rotary_emb (0: none)',
    'neomesh',
    { otherwise: 'head_dim / 2' },
  ),
  v_head_dim: key(size.optional(), "latent attention: features of a head's values", 'neomesh', {
    otherwise: 'head_dim',
  }),
} as const
