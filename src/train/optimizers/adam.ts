import { readByOptimizer, slotsLike, type Optimizer } from './optimizer.js'

/**
 * Adam as GPT-Neo writes it: m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr (m / (sqrt v + eps) + decay w).
 * There is no bias correction. Names with "norm" or "bias" are not decayed; ln_f, wte and wpe are.
 * Source: gpt-neo optimizers.py (AdamWeightDecayOptimizer).
 */
export const adam: Optimizer = {
  couplesElements: false,
  slots: (spec) => slotsLike(spec, 'adam_m', 'adam_v'),
  update({ spec, parameter, gradient, slots, rate, config }) {
    const { beta1, beta2, epsilon, weight_decay = 0 } = config
    const m = slots.adam_m.mul(beta1).add(gradient.mul(1 - beta1))
    const v = slots.adam_v.mul(beta2).add(gradient.square().mul(1 - beta2))
    const direction = m.div(v.sqrt().add(epsilon))
    const decay = /norm|bias/.test(spec.name) ? 0 : weight_decay
    const decayed = direction.add(readByOptimizer(parameter, config).mul(decay))
    return { parameter: parameter.sub(decayed.mul(rate)), slots: { adam_m: m, adam_v: v } }
  },
}
