import { cast, constant, pow } from '../../tensor/index.js'
import { slotsLike, type Optimizer } from './optimizer.js'

/**
 * AdamW with bias correction: w -= lr (m^ / (sqrt v^ + eps) + decay w), m^ = m / (1 - b1^t), v^ = v / (1 - b2^t), t
 * from 1. Only kernels and embeddings (two dims or more) are decayed. Source: Loshchilov and Hutter 2019, "Decoupled
 * Weight Decay Regularization"; the numbers are those of PyTorch's AdamW.
 */
export const adamw: Optimizer = {
  couplesElements: false,
  slots: (spec) => slotsLike(spec, 'adam_m', 'adam_v'),
  update({ spec, parameter, gradient, slots, rate, step, config: { beta1, beta2, epsilon, weight_decay = 0 } }) {
    const t = cast(step, 'f32').add(1)
    const correction = (beta: number) => constant(1, 'f32').sub(pow(beta, t))
    const m = slots.adam_m.mul(beta1).add(gradient.mul(1 - beta1))
    const v = slots.adam_v.mul(beta2).add(gradient.square().mul(1 - beta2))
    // The corrections are scalars: m^ / (sqrt v^ + eps) = (m / c1) / (sqrt v / sqrt c2 + eps).
    const direction = m
      .div(v.sqrt().mul(correction(beta2).rsqrt()).add(epsilon))
      .mul(constant(1, 'f32').div(correction(beta1)))
    const decay = spec.shape.length < 2 ? 0 : weight_decay
    return { parameter: parameter.sub(direction.add(parameter.mul(decay)).mul(rate)), slots: { adam_m: m, adam_v: v } }
  },
}
