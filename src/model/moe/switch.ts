import { dim, oneHot, reshape, slice, topK, type Tensor } from '../../tensor/index.js'
import {
  balanceLoss,
  dividedBalance,
  probabilities,
  type Choice,
  type GatingArgs,
  type PerExpert,
  type Routing,
} from './gating.js'
import { perturbed, sampled } from './rand-1.js'

/**
 * Each token to one expert, its gate the expert's probability: to its most likely, or if that is full to the next,
 * for `moe_switch_top_k` attempts ("no token left behind"). The balance is that of all attempts.
 * Source: Mesh TensorFlow 0.1.18 transformer/moe.py (_switch_gating), later named ntlb.
 */
export function switchGating(args: GatingArgs): Routing {
  const { experts, groups, group, mixture } = args
  const { logits, gates } = probabilities('switch_gating', perturbed('switch', args), args)
  const tries = dim('expert_unsplit', Math.min(mixture.moe_switch_top_k, experts.size))
  const [, best] = topK(sampled('switch', logits, args), experts, tries.size)
  const choices = Array.from({ length: tries.size }, (_, i): Choice => {
    const index = reshape(slice(best, tries, i, 1), [groups, group]) as Tensor
    const mask = oneHot(index, experts) as PerExpert
    return { mask, gate: gates.mul(mask).sum(experts) }
  })
  const all = choices.reduce((sum, { mask }) => sum.add(mask), choices[0].mask.mul(0)).mul(1 / tries.size)
  return { choices, untilAssigned: true, balance: dividedBalance(balanceLoss(all, gates, args), args.model) }
}
