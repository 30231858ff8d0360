import { mixtureSchema, type MixtureConfig } from '../../config/keys/mixture.js'
import { dim, einsum, reshape, type Tensor } from '../../tensor/index.js'
import { activate } from '../activations.js'
import type { Hidden, Model } from '../dims.js'
import { dropout } from '../dropout.js'
import { truncatedNormal, type Scope } from '../scope.js'
import type { Gating, GatingArgs, Routing } from './gating.js'
import { assignSlots } from './slots.js'
import { rand1Gating } from './rand-1.js'
import { switchGating } from './switch.js'
import { top2Gating } from './top-2.js'

/** Gatings by name. A new one is a file and a line here. */
const GATINGS: Readonly<Record<MixtureConfig['moe_gating'], Gating>> = {
  top_2: top2Gating,
  rand_1: rand1Gating,
  switch: switchGating,
}

/**
 * A mixture of experts: each token goes through one or two of several feed-forwards without biases, of the width
 * moe_hidden_size. x [batch, sequence, embd] -> the same dims, and the weighted balance loss (f32). Tokens are cut into
 * groups, in which each expert has a number of slots; `dropless`: enough for every token.
 * Source: Mesh TensorFlow 0.1.18 transformer/moe.py (transformer_moe_layer_v1), gpt-neo models/gpt2/gpt2.py (block).
 */
export function mixture(
  at: Scope,
  x: Hidden,
  model: Model,
  { dropless = false } = {},
): { x: Hidden; balance: Tensor<never> } {
  const { batch, sequence, embd, config, original, parts } = model
  const settings = config.moe_params ?? mixtureSchema.parse({})
  const { groups, group } = groupsOf(batch.size * sequence.size, settings, parts('batch'))
  const experts = dim('expert_unsplit', settings.moe_num_experts)
  const tokens = reshape(x, [groups, group, embd]) as GatingArgs['x']
  const args: GatingArgs = { at, x: tokens, mixture: settings, experts, groups, group, model }
  const routing = GATINGS[settings.moe_gating](args)
  const y = reshape((dropless ? throughAll : throughSlots)(routing, args), [batch, sequence, embd])
  return {
    // The original drops in evaluation too.
    x: dropout(at, 'moe_dropout', y, config.res_dropout, { always: original }),
    balance: routing.balance.mul(settings.moe_loss_coef),
  }
}

/**
 * Groups of at most about moe_group_size tokens that cut them evenly; as many on each part of a split batch, so a mesh
 * may ask for more of them. Source: transformer/moe.py (_split_into_groups).
 */
export function groupsOf(tokens: number, { moe_group_size }: MixtureConfig, splits = 1) {
  let count = Math.max(1, Math.floor(tokens / moe_group_size))
  if (tokens % splits !== 0) splits = 1 // a batch that the mesh cannot divide is not split
  while (tokens % count !== 0 || count % splits !== 0) count++
  return { groups: dim('batch', count), group: dim('group', tokens / count) }
}

/** Slots of an expert in a group. */
export function capacityOf(group: number, settings: MixtureConfig, training: boolean): number {
  const factor = training ? settings.moe_capacity_factor_train : settings.moe_capacity_factor_eval
  return Math.max(
    Math.min(group, Math.floor((group * factor) / settings.moe_num_experts)),
    settings.moe_min_expert_capacity,
  )
}

/** Whether an expert may have fewer slots than tokens choose, in an evaluation of whole contexts. */
export function mayDrop({ config, batch, layers, parts }: Model): boolean {
  if (!layers.some((layer) => layer.mixture)) return false
  const settings = config.moe_params ?? mixtureSchema.parse({})
  const { group } = groupsOf(batch.size * config.n_ctx, settings, parts('batch'))
  return capacityOf(group.size, settings, false) < group.size
}

/** Tokens are dispatched to their slots in the experts, and the results combined. */
function throughSlots(routing: Routing, args: GatingArgs): Tensor {
  const { at, x, mixture: settings, experts, groups, group } = args
  const { embd } = args.model
  const capacity = dim('expert_capacity', capacityOf(group.size, settings, at.isTraining))
  const { combine, dispatch } = assignSlots(routing, group, experts, capacity)
  // Groups are split until here, and experts from here: where both are split over one axis, this is an all-to-all.
  const all = dim('batch_unsplit', groups.size)
  const width = dim('d_model_split', embd.size)
  const split = dim('experts', experts.size)
  const sent = einsum([x, dispatch.cast(x.dtype)], [experts, groups, capacity, embd])
  const inputs = reshape(reshape(sent, [split, all, capacity, width]), [split, all, capacity, embd])
  const made = expertsOn(inputs, [split, all, capacity], args)
  const results = reshape(reshape(made, [split, all, capacity, width]), [experts, groups, capacity, embd])
  return einsum([results, combine.cast(x.dtype)], [groups, group, embd])
}

/**
 * Every token goes through every expert, with the weight 0 for those that it did not choose: right for a few tokens.
 */
function throughAll({ choices, untilAssigned }: Routing, args: GatingArgs): Tensor {
  const { x, experts, groups, group } = args
  const { embd } = args.model
  const used = untilAssigned ? choices.slice(0, 1) : choices
  const weights = used.map(({ mask, gate }) => mask.mul(gate)).reduce((sum, each) => sum.add(each))
  const split = dim('experts', experts.size)
  const results = expertsOn(x, [split, groups, group], args)
  return einsum([results.rename(split, experts), weights.cast(x.dtype)], [groups, group, embd])
}

function expertsOn(
  inputs: Tensor,
  keep: readonly ReturnType<typeof dim>[],
  { at, mixture: settings, model }: GatingArgs,
): Tensor {
  const [experts] = keep
  const { embd, config } = model
  const width = dim('expert_hidden', settings.moe_hidden_size)
  const initial = (fanIn: number) => truncatedNormal(fanIn ** -0.5)
  const expanded = at.in('wi').linear(inputs, 'kernel', [experts, embd, width], initial(embd.size), [...keep, width])
  const hidden = activate(at.in('wi'), config.moe_activation, expanded, width, model)
  const dropped = dropout(at, 'moe_hidden_dropout', hidden, settings.moe_dropout_rate)
  return at.in('wo').linear(dropped, 'kernel', [experts, width, embd], initial(width.size), [...keep, embd])
}
