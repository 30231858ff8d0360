/** How a profile describes a step. */
import type { Ref } from './fused-loop.js'
import type { Made } from './kernel.js'

/** Dtypes and sizes of what a step makes, and of the arrays that it reads. */
export function shapesOf(inputs: readonly Ref[], made: readonly Made[]): string {
  const shape = (dtype: string, sizes: readonly number[]) => `${dtype}[${sizes.join()}]`
  const [to, from] = [
    made.map(({ dtype, sizes }) => shape(dtype, sizes)),
    inputs.map(({ base }) => shape(base.dtype, base.sizes)),
  ]
  return `${to.join(' ')} of ${from.join(' ')}`
}
