import type { ActivationName } from '../config/keys/activation-names.js'
import {
  abs,
  cos,
  exp,
  expm1,
  log,
  log1p,
  logsumexp,
  relu,
  sigmoid,
  sin,
  softmax,
  sqrt,
  square,
  stopGradient,
  tanh,
  where,
  type Dim,
  type Tensor,
} from '../tensor/index.js'
import type { Model } from './dims.js'
import { constantly, type Scope } from './scope.js'

/**
 * An activation of x in f32; `along` is the dim of the features, `number` hands out a parameter that starts at `value`.
 */
export type Activation = (x: Tensor, along: Dim, number: (name: string, value: number) => Tensor) => Tensor

/**
 * The activation of this name, in f32, in the dtype of x. Parameters of activations that have some are in the scope
 * under `activation`. Source of all: gpt-neo models/activations.py.
 */
export function activate<N extends string>(
  at: Scope,
  name: ActivationName,
  x: Tensor<N>,
  along: Dim<N>,
  { original }: Model,
): Tensor<N> {
  if (name === 'gelu') return original && x.dtype === 'bf16' ? roundedGelu(x) : gelu(x)
  const number = (parameter: string, value: number) => at.in('activation').paramF32(parameter, [], constantly(value))
  return ACTIVATIONS[name](x.cast('f32'), along, number).cast(x.dtype)
}

/**
 * x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Source: Hendrycks and Gimpel 2016, the tanh form, as GPT-2 and GPT-Neo
 * use it. Computed in f32, where it is faster than in bf16 on a CPU.
 */
export function gelu<N extends string>(x: Tensor<N>): Tensor<N> {
  const y = x.cast('f32')
  const inner = y.add(y.mul(y).mul(y).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))
  return y.mul(0.5).mul(tanh(inner).add(1)).cast(x.dtype)
}

/** gelu with each operation in the dtype of x and in the original's order. Source: Mesh TensorFlow ops.py (gelu). */
function roundedGelu<N extends string>(x: Tensor<N>): Tensor<N> {
  const cubic = x.mul(0.044715).mul(x).mul(x)
  return x.mul(
    tanh(x.add(cubic).mul(Math.sqrt(2 / Math.PI)))
      .add(1)
      .mul(0.5),
  )
}

/** Every activation by GPT-Neo's name. A new one is a line here. */
export const ACTIVATIONS: Readonly<Record<ActivationName, Activation>> = {
  gelu,
  relu,
  sigmoid,
  tanh,
  /** Klambauer et al. 2017, "Self-Normalizing Neural Networks". */
  selu: (x) => where(x.less(0), expm1(below(x, 0)).mul(1.6732632423543772), x).mul(1.0507009873554805),
  /** Clevert et al. 2015, "Fast and Accurate Deep Network Learning by Exponential Linear Units". */
  elu: (x) => where(x.less(0), expm1(below(x, 0)), x),
  abs,
  sin,
  cos,
  /** No gradient flows, as anywhere; GPT-Neo cannot train it. */
  sign: (x) => stopGradient(where(x.greater(0), 1, where(x.less(0), -1, x.mul(0)))),
  /** Ramachandran et al. 2017, "Searching for Activation Functions"; also called swish. */
  silu: (x) => x.mul(sigmoid(x)),
  softplus,
  lrelu001: (x) => leakyRelu(x, 0.01),
  lrelu020: (x) => leakyRelu(x, 0.2),
  id: (x) => x,
  triangle_relax: (x) => waves(x, sin, [1, -1 / 9, 1 / 25, -1 / 49]),
  square_relax: (x) => waves(x, cos, [1, -1 / 3, 1 / 5, -1 / 7]),
  spike: (x) => square(x).add(1).pow(-1),
  spike2: (x) => exp(square(x).neg()),
  tanhshrink: (x) => x.sub(tanh(x)),
  softsign: (x) => x.div(abs(x).add(1)),
  softmax: (x, along) => softmax(x, along),
  logsoftmax: (x, along) => x.sub(logsumexp(x, along)),
  bipolarsigmoid: (x) => sigmoid(x).mul(2).sub(1),
  rrelu: (x) => randomisedRelu(x),
  /**
   * As GPT-Neo writes it: where x is positive, Basirat and Roth 2018 have x / (1 + e^-x), and this is x / (1 + e^x).
   */
  elish: (x) => where(x.greater(0), x.mul(sigmoid(x.neg())), expm1(below(x, 1)).mul(sigmoid(x))),
  arcsinh,
  /** Patwardhan et al. 2018, "ARiA: Utilizing Richard's Curve for Controlling the Non-monotonicity". */
  aria(x, _, number) {
    const [a, k, b, q] = [number('aria_a', 0), number('aria_k', 1), number('aria_b', 1), number('aria_q', 1)]
    const [c, v] = [softplus(number('aria_c', 0)), softplus(number('aria_v', 0)).add(1)]
    const base = c.add(q.mul(exp(below(b.mul(x).neg(), 60))))
    return x.mul(a.add(k.div(exp(log(base).div(v)))))
  },
  /** He et al. 2015, "Delving Deep into Rectifiers". */
  prelu(x, _, number) {
    return where(x.greater(0), x, x.mul(number('prelu', 0.2)))
  },
  parcsinh: (x, _, number) =>
    number('parcsinh_scale', 1).mul(arcsinh(x.mul(softplus(number('parcsinh_slope', 0)).add(1)))),
  psoftplus: (x, _, number) =>
    number('psoftplus_scale', 1)
      .mul(softplus(x.mul(number('psoftplus_slope', 1))))
      .add(number('psoftplus_shift', 0)),
  /** `roottanh` with learned exponents; |x|, since a power of a negative number is none. */
  proottanh(x, _, number) {
    const [power, shift, root] = [
      softplus(number('proottanh_power', 0)).add(2),
      softplus(number('proottanh_shift', 0)).add(1),
      softplus(number('proottanh_root', 0)).add(3),
    ]
    const magnitude = exp(log(abs(x).add(1e-12)).mul(power))
    return exp(log(magnitude.add(shift)).div(root)).mul(tanh(x))
  },
  maxsig: (x) => larger(x, sigmoid(x)),
  cosid: (x) => cos(x).sub(x),
  minsin: (x) => larger(x.neg(), sin(x).neg()).neg(),
  maxtanh: (x) => larger(x, tanh(x)),
  /** Misra 2019, "Mish: A Self Regularized Non-Monotonic Activation Function". */
  mish: (x) => x.mul(tanh(softplus(x))),
  tanhexp: (x) => x.mul(tanh(exp(below(x, 60)))),
  lisht: (x) => x.mul(tanh(x)),
  seagull: (x) => log1p(square(x)),
  snake: (x) => x.add(square(sin(x))),
  roottanh: (x) =>
    square(x)
      .add(1)
      .pow(1 / 3)
      .mul(tanh(x)),
  softplusmone: (x) => softplus(x).sub(1),
}

/** log(1 + e^x). Above 20 that is x in f32. */
export function softplus(x: Tensor): Tensor {
  return where(x.greater(20), x, log1p(exp(below(x, 30))))
}

/**
 * x where positive, else slope * x, both over 1 + slope. GPT-Neo draws the slope anew whenever it builds a layer;
 * here it is the mean of what it draws, so that a run can be repeated. Source: gpt-neo models/activations.py (_rrelu).
 */
export function randomisedRelu(x: Tensor, slope = 0.5): Tensor {
  return abs(x)
    .mul(slope)
    .add(x)
    .mul(1 / (1 + slope))
}

function leakyRelu(x: Tensor, slope: number): Tensor {
  return where(x.greater(0), x, x.mul(slope))
}

/** arcsinh x, from |x|, where nothing cancels. */
function arcsinh(x: Tensor): Tensor {
  const size = where(x.less(0), x.neg(), x)
  const y = log(size.add(sqrt(square(x).add(1))))
  return where(x.less(0), y.neg(), y)
}

/** Sum of weight * wave(x), wave(3 x), wave(5 x), ... */
function waves(x: Tensor, wave: (x: Tensor) => Tensor, weights: readonly number[]): Tensor {
  return weights.map((weight, i) => wave(x.mul(2 * i + 1)).mul(weight)).reduce((sum, each) => sum.add(each))
}

/** min(x, limit) in branches that are not taken, where a larger x would make the gradient of the taken one NaN. */
function below(x: Tensor, limit: number): Tensor {
  return where(x.less(limit), x, limit)
}

/** max(a, b), whose gradient at a tie is passed to both whole: Mesh TensorFlow's. Ours halves it. */
function larger(a: Tensor, b: Tensor): Tensor {
  const pass = (x: Tensor, other: Tensor) => where(x.greaterEqual(other), x.sub(stopGradient(x)), 0)
  return stopGradient(a.maximum(b)).add(pass(a, b)).add(pass(b, a))
}
