import { z } from 'zod'
import { attentionTypes } from './attention-types.js'
import { attentionKindNames } from './attention-kinds.js'
import { key } from './key.js'
import { modelKeysOfSoftmax } from './softmax.js'
import { activation, count, flag, layerCount, oneOf, part, positive, rate, size } from './kinds.js'

const axialSizes = z
  .union([z.literal(false), z.tuple([size, size])])
  .transform((sizes): [number, number] | undefined => (sizes === false ? undefined : sizes))
  .meta({ expected: 'two integers >= 1, such as [32, 64]' })

/** What the model computes. */
export const modelKeysOfShape = {
  model: key(oneOf(['GPT']).default('GPT'), 'architecture; there is only one', 'model_fns.py: model_fn'),
  n_vocab: key(size, 'vocabulary size', 'models/gpt2/gpt2.py: model'),
  n_ctx: key(size, 'context length: tokens per sequence', 'models/gpt2/gpt2.py: model'),
  n_embd: key(size, 'embedding dimension: width of the residual stream', 'models/gpt2/gpt2.py: model'),
  n_head: key(size, 'number of attention heads; must divide n_embd', 'models/layers.py: attn'),
  head_dim: key(size.optional(), 'features of an attention head', 'neomesh', { otherwise: 'n_embd / n_head' }),
  n_layer: key(layerCount, 'number of layers, each attention and feed-forward', 'models/gpt2/gpt2.py: model'),
} as const

export const modelKeysOfAttention = {
  attention_types: key(
    attentionTypes.optional(),
    `kind of each layer: ${attentionKindNames.join(', ')}`,
    'utils.py: expand_attention_types_params',
    { otherwise: 'global in all layers' },
  ),
  local_attention_radius: key(
    size.default(256),
    'window of local attention: keys that a query sees, its own position included',
    'models/layers.py: attn',
  ),
  num_mem_kv: key(
    count.default(0),
    'number of learned keys and values that every query of a global layer also attends to',
    'models/layers.py: memory_key_values',
  ),
  negative_eigenvalues: key(
    flag.default(false),
    'delta rules whose beta is from 0 to 2, not 0 to 1: a state may change its sign, as tracking a parity needs',
    'neomesh',
  ),
  state_key_size: key(
    size.optional(),
    'key features per head of recurrent attention kinds: rows of a state',
    'neomesh',
    { otherwise: 'a part of n_embd / n_head by kind' },
  ),
  state_value_size: key(
    size.optional(),
    'value features per head of recurrent attention kinds: columns of a state',
    'neomesh',
    { otherwise: 'a multiple of n_embd / n_head by kind' },
  ),
  short_conv_width: key(
    count.default(4),
    'positions of the short convolutions of recurrent attention kinds; 0: none',
    'neomesh',
  ),
  ...modelKeysOfSoftmax,
  rotary_emb: key(
    flag.optional(),
    'rotary position embedding instead of learned positions',
    'models/gpt2/gpt2.py: model',
    { otherwise: 'off' },
  ),
  rope_theta: key(positive.default(10_000), 'rotary positions: base of their wavelengths', 'neomesh'),
  rotary_pct: key(
    part.default(1),
    'rotary positions: fraction of the features of a head that is rotated, from the first on',
    'neomesh',
  ),
  pos_emb: key(
    oneOf(['learned', 'alibi', 'none']).default('learned'),
    'positions without rotary_emb: a learned table, biases of logits by distance (ALiBi), or none',
    'neomesh',
  ),
  axial_pos_emb: key(
    axialSizes.optional(),
    'axial position embedding: sizes of its two tables, instead of one table',
    'models/layers.py: axial_positional_emb',
    { otherwise: 'one table' },
  ),
} as const

export const modelKeysOfBlock = {
  n_inner: key(
    count.optional(),
    'width of the feed-forward (0: layers without one); mlp_glu has twice as many columns in its first matrix',
    'neomesh',
    { otherwise: '4 n_embd' },
  ),
  activation_fn: key(
    activation.default('gelu'),
    'activation function of the feed-forward',
    'models/activations.py: get_activation_fn',
  ),
  mlp_glu: key(
    flag.default(false),
    'gated linear unit in the feed-forward: half of a doubled width times the activation of the other half',
    'models/gpt2/gpt2.py: block',
  ),
  norm: key(
    oneOf(['layernorm', 'rmsnorm']).default('layernorm'),
    'normalisation: layer norm, or RMSNorm, which has no mean and no bias',
    'neomesh',
  ),
  norm_epsilon: key(positive.default(1e-5), 'added to the variance, or mean square, of a norm', 'neomesh'),
  bias: key(flag.default(true), "biases of the feed-forward and of attention's output", 'neomesh'),
  scalenorm: key(
    flag.default(false),
    'norms of blocks with one gain for all features and no bias',
    'models/gpt2/gpt2.py: block',
  ),
  rezero: key(
    flag.default(false),
    'ReZero: no norms in blocks; each residual branch is multiplied by a learned gain that starts at 0',
    'models/gpt2/gpt2.py: block',
  ),
  macaron: key(
    flag.default(false),
    'Macaron layers: half a feed-forward before attention and half after it',
    'models/gpt2/gpt2.py: block',
  ),
  share_parameters: key(
    flag.default(false),
    'share one set of parameters among all layers',
    'models/gpt2/gpt2.py: model',
  ),
  no_weight_tie: key(
    flag.default(false),
    'separate output layer, without the final norm, instead of the tied embedding',
    'models/gpt2/gpt2.py: model',
  ),
  tie_word_embeddings: key(
    flag.default(true),
    'output by the embedding table; false: by a table of its own, lm_head, after the final norm',
    'neomesh',
  ),
  auto_encoder: key(
    flag.default(false),
    "give each position's own token from the last position's hidden state, by a decoder of two layers; for tasks such as compression",
    'neomesh',
  ),
  scale_by_depth: key(
    flag.default(false),
    'multiply the initial c_proj kernels by n_layer^-1/2',
    'models/layers.py: linear',
  ),
  scale_by_in: key(
    flag.default(false),
    'multiply the initial feed-forward kernels by fan_in^-1/2',
    'models/layers.py: linear',
  ),
  embed_dropout: key(rate.default(0), 'embedding dropout rate', 'models/gpt2/gpt2.py: model'),
  attn_dropout: key(rate.default(0), 'attention dropout rate, in global layers', 'models/layers.py: attn'),
  res_dropout: key(
    rate.default(0),
    'residual dropout rate: of the outputs of attention and feed-forward',
    'models/layers.py: attn, mlp',
  ),
} as const
