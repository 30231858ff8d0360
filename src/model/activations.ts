import { tanh, type Tensor } from '../tensor/index.js'

/**
 * x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Source: Hendrycks and Gimpel 2016, the tanh form, as GPT-2 and GPT-Neo
 * use it. Computed in f32, where it is faster than in bf16 on a CPU.
 */
export function gelu<N extends string>(x: Tensor<N>): Tensor<N> {
  const y = x.cast('f32')
  const inner = y.add(y.mul(y).mul(y).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))
  return y.mul(0.5).mul(tanh(inner).add(1)).cast(x.dtype)
}
