import { argmax, cast, div, oneHot, random, type Tensor } from '../../tensor/index.js'
import { balanceLoss, dividedBalance, probabilities, type GatingArgs, type PerExpert, type Routing } from './gating.js'

/**
 * Each token to its two most likely experts, gates in proportion to their probabilities; a policy decides
 * which second choices are kept. Source: Mesh TensorFlow 0.1.18 transformer/moe.py (_top_2_gating), after Lepikhin et al. 2020, "GShard".
 */
export function top2Gating(args: GatingArgs): Routing {
  const { x, experts, mixture, model } = args
  const { gates } = probabilities('top_2_gating', x, args)
  const first = oneHot(argmax(gates, experts), experts) as PerExpert
  const others = gates.mul(first.neg().add(1))
  const second = oneHot(argmax(others, experts), experts) as PerExpert
  const [p1, p2] = [gates.mul(first).sum(experts), others.mul(second).sum(experts)]
  const both = p1.add(p2).add(1e-9)
  const gate = p2.div(both)

  let balance = balanceLoss(first, gates, args)
  if (mixture.moe_use_second_place_loss)
    balance = balance.add(balanceLoss(second, others.div(others.sum(experts).add(1e-9)), args).mul(0.5))
  return {
    choices: [
      { mask: first, gate: p1.div(both) },
      { mask: second.mul(kept(args, gate)), gate },
    ],
    untilAssigned: false,
    balance: dividedBalance(balance, model),
  }
}

/** 1 for tokens whose second choice is kept, else 0. */
function kept({ at, mixture }: GatingArgs, gate: Tensor<'batch' | 'group'>): Tensor<'batch' | 'group'> {
  const policy = at.isTraining ? mixture.moe_second_policy_train : mixture.moe_second_policy_eval
  const threshold = at.isTraining ? mixture.moe_second_threshold_train : mixture.moe_second_threshold_eval
  switch (policy) {
    case 'all':
      return gate.mul(0).add(1)
    case 'none':
      return gate.mul(0)
    case 'threshold':
      return cast(gate.greater(threshold), 'f32')
    case 'random': {
      // In evaluation the numbers are the same every time.
      const chance = random.uniform(at.random('top_2_second', { always: true }), gate.dims)
      return cast(chance.less(div(gate, Math.max(threshold, 1e-9))), 'f32')
    }
  }
}
