import { log1p, sigmoid, type Dim, type Tensor } from '../tensor/index.js'

/** Added to a mean square, so that a norm of zeros is zeros. */
const EPSILON = 1e-5

/** x / sqrt(mean of x^2 over `along`) times a gain. In f32. */
export function rmsNormed(x: Tensor, gain: Tensor, ...along: readonly Dim[]): Tensor {
  const wide = x.cast('f32')
  const mean = along.reduce((y: Tensor, each) => y.mean(each), wide.square())
  return wide.mul(mean.add(EPSILON).rsqrt()).mul(gain.cast('f32'))
}

/** x / |x| over `along`, in f32; zeros stay. */
export function l2Normed(x: Tensor, along: Dim): Tensor {
  const wide = x.cast('f32')
  return wide.mul(wide.square().sum(along).add(1e-6).rsqrt())
}

/** x sigmoid(x). */
export const silu = (x: Tensor): Tensor => x.mul(sigmoid(x))

/** log(1 + e^x), without overflow. */
export const softplus = (x: Tensor): Tensor => x.maximum(0).add(log1p(x.abs().neg().exp()))

/** log sigmoid(x). */
export const logSigmoid = (x: Tensor): Tensor => softplus(x.neg()).neg()

/** Logarithm of what a state fades by in a step: -e^rate softplus(step), in f32. At most 0. */
export const logDecay = ({ step, rate }: { readonly step: Tensor; readonly rate: Tensor }): Tensor =>
  softplus(step.cast('f32')).mul(rate.cast('f32').exp()).neg()
