import { sign } from '../../tensor/index.js'
import { slotsLike, type Optimizer } from './optimizer.js'

/**
 * Lion: w -= lr (sign(b1 m + (1 - b1) g) + decay w), then m = b2 m + (1 - b2) g. Use a learning rate 3 to 10
 * times lower than AdamW's, and a decay as much higher. Only kernels and embeddings (two dims or more) are decayed.
 * Source: Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms".
 */
export const lion: Optimizer = {
  couplesElements: false,
  slots: (spec) => slotsLike(spec, 'lion_m'),
  update({ spec, parameter, gradient, slots, rate, config: { beta1, beta2, weight_decay = 0 } }) {
    const direction = sign(slots.lion_m.mul(beta1).add(gradient.mul(1 - beta1)))
    const decay = spec.shape.length < 2 ? 0 : weight_decay
    return {
      parameter: parameter.sub(direction.add(parameter.mul(decay)).mul(rate)),
      slots: { lion_m: slots.lion_m.mul(beta2).add(gradient.mul(1 - beta2)) },
    }
  },
}
