import { argmax, oneHot, random } from '../../tensor/index.js'
import { dropout } from '../dropout.js'
import {
  balanceLoss,
  dividedBalance,
  probabilities,
  type GatingArgs,
  type PerExpert,
  type Routing,
  type Tokens,
} from './gating.js'

/**
 * Each token to one expert, its gate the expert's probability; a policy adds randomness: noise on the
 * gate's inputs, or a sample instead of the most likely expert. Source: Mesh TensorFlow 0.1.18 transformer/moe.py (_rand_1_gating),
 * after Fedus et al. 2021, "Switch Transformers".
 */
export function rand1Gating(args: GatingArgs): Routing {
  const { experts } = args
  const { logits, gates } = probabilities('rand_1_gating', perturbed('rand_1', args), args)
  const mask = oneHot(argmax(sampled('rand_1', logits, args), experts), experts) as PerExpert
  return {
    choices: [{ mask, gate: gates.mul(mask).sum(experts) }],
    untilAssigned: false,
    balance: dividedBalance(balanceLoss(mask, gates, args), args.model),
  }
}

/** The gate's inputs: with noise under input policies, in training. */
export function perturbed(name: string, { at, x, mixture }: GatingArgs): Tokens {
  const policy = policyOf({ at, mixture })
  if (policy === 'input_dropout') return dropout(at, `${name}_dropout`, x.cast('f32'), mixture.moe_rand_1_dropout)
  const key = policy === 'input_jitter' && mixture.moe_rand_1_jitter > 0 ? at.random(`${name}_jitter`) : null
  const { moe_rand_1_jitter: jitter } = mixture
  return key ? x.cast('f32').mul(random.uniform(key, x.dims, 1 - jitter, 1 + jitter)) : x
}

/**
 * Numbers whose largest are chosen: the logits, or under the policy `sample` logits / temperature plus Gumbel noise.
 */
export function sampled(name: string, logits: PerExpert, { at, mixture }: GatingArgs): PerExpert {
  if (policyOf({ at, mixture }) !== 'sample') return logits
  return logits.add(
    random.gumbel(at.random(`${name}_sample`, { always: true }), logits.dims).mul(mixture.moe_rand_1_temperature),
  )
}

function policyOf({ at, mixture }: Pick<GatingArgs, 'at' | 'mixture'>) {
  return at.isTraining ? mixture.moe_rand_1_policy_train : mixture.moe_rand_1_policy_eval
}
