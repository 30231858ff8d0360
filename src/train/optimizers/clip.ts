import type { Parameters } from '../../model/index.js'
import { add, constant, div, maximum, total, type Tensor } from '../../tensor/index.js'

/**
 * Scales gradients so that their norm over all parameters is at most `limit`: g * limit / max(norm, limit).
 * Returns that norm before it too. Source: gpt-neo optimizers.py (clip_by_global_norm).
 */
export function clip(gradients: Parameters, limit: number): { gradients: Parameters; norm: Tensor<never> } {
  const squares = Object.values(gradients).map((gradient) => total(gradient.square()))
  const norm = squares.reduce((sum, square) => add(sum, square), constant(0, 'f32')).sqrt()
  const factor = div(limit, maximum(norm, limit))
  return {
    gradients: Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(factor)])),
    norm,
  }
}
