import * as z from 'zod'
import { key } from './key.js'
import { activation, flag, layers, notNegative, oneOf, positive, probability, rate, size } from './kinds.js'

const gpt2 = 'models/gpt2/gpt2.py: block'
const moe = 'Mesh TensorFlow 0.1.18 transformer/moe.py'

/** Gatings: how tokens are routed to experts. */
export const gatings = ['top_2', 'rand_1', 'switch'] as const
/** Which second choices of an expert are kept under top_2. */
export const secondPolicies = ['all', 'none', 'threshold', 'random'] as const
/** How rand_1 randomises routing. */
export const randPolicies = ['argmax', 'input_dropout', 'input_jitter', 'sample'] as const

/** The keys of `moe_params`. Defaults are those that gpt-neo sets; for rand_1 and switch, where it sets none, MoE1D's. */
export const mixtureKeys = {
  moe_num_experts: key(size.default(16), 'number of experts per layer', gpt2),
  moe_loss_coef: key(notNegative.default(1e-2), 'weight of the load-balancing loss', gpt2),
  moe_gating: key(
    oneOf(gatings).default('top_2'),
    'gating: how tokens are routed to experts',
    `${moe}: transformer_moe_layer_v1`,
  ),
  moe_capacity_factor_train: key(
    positive.default(1.25),
    'expert capacity factor in training: slots per expert as a multiple of an even share',
    moe,
  ),
  moe_capacity_factor_eval: key(positive.default(2), 'expert capacity factor in evaluation', moe),
  moe_capacity_factor_second_level: key(
    positive.default(1),
    'expert capacity factor of a second level of experts',
    moe,
    {
      inert: 'there is one level of experts',
    },
  ),
  moe_min_expert_capacity: key(size.default(1), 'minimum expert capacity, in slots per group', moe),
  moe_hidden_size: key(size.default(4096), 'hidden size of an expert', gpt2),
  moe_group_size: key(size.default(1024), 'tokens per routing group, which share the slots of the experts', gpt2),
  moe_dropout_rate: key(
    rate.default(0),
    'dropout rate of the hidden layer of an expert',
    `${moe}: transformer_moe_layer_v1`,
  ),
  moe_use_second_place_loss: key(
    z
      .preprocess((value) => (value === 0 ? false : value === 1 ? true : value), flag)
      .meta({ expected: 'true or false' })
      .default(false),
    'include second choices in the load-balancing loss',
    `${moe}: _top_2_gating`,
  ),
  moe_second_policy_train: key(
    oneOf(secondPolicies).default('random'),
    'which second choices are kept in training',
    `${moe}: _top_2_gating`,
  ),
  moe_second_policy_eval: key(
    oneOf(secondPolicies).default('random'),
    'which second choices are kept in evaluation',
    `${moe}: _top_2_gating`,
  ),
  moe_second_threshold_train: key(
    probability.default(0.2),
    'gate value above which a second choice is kept, in training',
    `${moe}: _top_2_gating`,
  ),
  moe_second_threshold_eval: key(
    probability.default(0.2),
    'gate value above which a second choice is kept, in evaluation',
    `${moe}: _top_2_gating`,
  ),
  moe_rand_1_policy_train: key(
    oneOf(randPolicies).default('input_jitter'),
    'how rand_1 randomises routing in training',
    `${moe}: _rand_1_gating`,
  ),
  moe_rand_1_policy_eval: key(
    oneOf(randPolicies).default('input_jitter'),
    'how rand_1 randomises routing in evaluation, where the input policies do nothing',
    `${moe}: _rand_1_gating`,
  ),
  moe_rand_1_dropout: key(rate.default(0.1), 'dropout rate of the policy input_dropout', `${moe}: _rand_1_gating`),
  moe_rand_1_temperature: key(
    positive.default(1),
    'sampling temperature of the policy sample',
    `${moe}: _rand_1_gating`,
  ),
  moe_rand_1_jitter: key(
    rate.default(1e-2),
    'relative jitter of the policy input_jitter: the inputs of the gate are multiplied by 1 plus or minus this',
    `${moe}: _rand_1_gating`,
  ),
  moe_switch_top_k: key(
    size.default(4),
    'number of experts that switch tries in turn for a token',
    `${moe}: _switch_gating`,
    {
      otherwise: 'moe_num_experts, at most 4',
    },
  ),
  moe_use_experts_attention: key(
    flag.default(false),
    'experts for the queries and keys of attention',
    `${moe}: transformer_moe_layer_v1`,
  ),
} as const

export const mixtureSchema = z.strictObject(mixtureKeys)
/** `moe_params` with its defaults filled in. */
export type MixtureConfig = Readonly<z.infer<typeof mixtureSchema>>

export const modelKeysOfMixture = {
  moe_layers: key(
    layers.default([]),
    'indices of the layers, from 0, whose feed-forward is a mixture of experts',
    gpt2,
  ),
  moe_params: key(
    mixtureSchema.meta({ expected: 'an object with keys such as moe_num_experts' }).optional(),
    'settings of the mixture of experts; they have a table below',
    'models/gpt2/gpt2.py: block',
    { otherwise: '{} with moe_layers' },
  ),
  moe_activation: key(activation.default('relu'), 'activation function of an expert', gpt2),
} as const
