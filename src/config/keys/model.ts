import { z } from 'zod'
import { attentionTypes } from './attention-types.js'
import { key } from './key.js'
import { activation, count, flag, layerCount, oneOf, rate, size } from './kinds.js'

const axialSizes = z
  .union([z.literal(false), z.tuple([size, size])])
  .transform((sizes): [number, number] | undefined => (sizes === false ? undefined : sizes))
  .meta({ says: 'two whole numbers from 1 on, such as [32, 64]' })

/** What the model computes. */
export const modelKeysOfShape = {
  model: key(oneOf(['GPT']).default('GPT'), 'the one model there is', 'model_fns.py: model_fn'),
  n_vocab: key(size, 'entries of the vocabulary', 'models/gpt2/gpt2.py: model'),
  n_ctx: key(size, 'tokens in a sequence', 'models/gpt2/gpt2.py: model'),
  n_embd: key(size, 'width of the residual stream', 'models/gpt2/gpt2.py: model'),
  n_head: key(size, 'attention heads; they divide n_embd', 'models/layers.py: attn'),
  n_layer: key(layerCount, 'blocks of attention and feed-forward', 'models/gpt2/gpt2.py: model'),
} as const

export const modelKeysOfAttention = {
  attention_types: key(
    attentionTypes.optional(),
    'kind of attention of each layer, in groups of [kinds, repeat]: global, local, linear, none',
    'utils.py: expand_attention_types_params',
    { otherwise: 'global in all layers' },
  ),
  local_attention_radius: key(
    size.default(256),
    'keys that a query of a local layer sees, counting its own position',
    'models/layers.py: attn',
  ),
  num_mem_kv: key(
    count.default(0),
    'learned keys and values that every query of a global layer sees besides',
    'models/layers.py: memory_key_values',
  ),
  rotary_emb: key(
    flag.optional(),
    'rotate queries and keys by their position, in place of the position table',
    'models/gpt2/gpt2.py: model',
    { otherwise: 'off' },
  ),
  axial_pos_emb: key(
    axialSizes.optional(),
    'sizes of the two tables whose rows make up a position, in place of one table',
    'models/layers.py: axial_positional_emb',
    { otherwise: 'one table' },
  ),
} as const

export const modelKeysOfBlock = {
  activation_fn: key(
    activation.default('gelu'),
    'activation of the feed-forward',
    'models/activations.py: get_activation_fn',
  ),
  mlp_glu: key(
    flag.default(false),
    'feed-forward with a gate: half of a doubled width times the activation of the other',
    'models/gpt2/gpt2.py: block',
  ),
  scalenorm: key(
    flag.default(false),
    'norms of blocks with one gain for all features, and no bias',
    'models/gpt2/gpt2.py: block',
  ),
  rezero: key(
    flag.default(false),
    'no norm before a part of a block, but a gain on its result that starts at 0',
    'models/gpt2/gpt2.py: block',
  ),
  macaron: key(
    flag.default(false),
    'half a feed-forward before attention and half a one after',
    'models/gpt2/gpt2.py: block',
  ),
  share_parameters: key(flag.default(false), 'one set of parameters for all layers', 'models/gpt2/gpt2.py: model'),
  no_weight_tie: key(
    flag.default(false),
    'an output layer of its own, without the last norm, in place of the embedding table',
    'models/gpt2/gpt2.py: model',
  ),
  scale_by_depth: key(flag.default(false), 'multiply the initial c_proj by n_layer^-1/2', 'models/layers.py: linear'),
  scale_by_in: key(
    flag.default(false),
    'multiply initial feed-forward kernels by fan_in^-1/2',
    'models/layers.py: linear',
  ),
  embed_dropout: key(
    rate.default(0),
    'part of the embedding that is dropped in training',
    'models/gpt2/gpt2.py: model',
  ),
  attn_dropout: key(
    rate.default(0),
    'part of the attention weights of global layers that is dropped in training',
    'models/layers.py: attn',
  ),
  res_dropout: key(
    rate.default(0),
    'part of what attention and feed-forward add that is dropped in training',
    'models/layers.py: attn, mlp',
  ),
} as const
