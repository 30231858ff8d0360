import type { Dim } from '../tensor/index.js'
import { divisorsOf } from './divisors.js'

/**
 * The refusal of a dim that its axis does not divide. `key` is the config key to change, `tensor` one that has the dim.
 * As in `layout: dim "heads" of 4 must be divisible by axis "x" of 8 in gpt2/h0/attn/q. Use 8, or an axis of 2 or 4, or ...`
 */
export function refuseIndivisible(
  key: string,
  { name, size }: Dim,
  axis: string,
  parts: number,
  tensor: string,
): string {
  const below = Math.floor(size / parts) * parts
  const sizes = below > 0 ? `${below} or ${below + parts}` : String(parts)
  const fitting = divisorsOf(size).filter((n) => n > 1 && n < parts)
  const axes = fitting.length > 0 ? ` an axis of ${fitting.slice(-3).join(' or ')}, or` : ' or'
  return (
    `${key}: dim "${name}" of ${size} must be divisible by axis "${axis}" of ${parts} in ${tensor}. ` +
    `Use ${sizes},${axes} leave out "${name}:${axis}".`
  )
}

/** The refusal of a dim that a layout splits over two axes. */
export function refuseTwoAxes(key: string, dim: string, first: string, second: string): string {
  return (
    `${key}: dim "${dim}" must be split over one axis (got axis "${first}" and axis "${second}"). ` +
    `Leave out "${dim}:${first}" or "${dim}:${second}".`
  )
}
