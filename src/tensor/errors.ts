import { showDims, type Dim } from './dim.js'
import type { DType } from './dtype.js'
import { sourceLocation } from './source-location.js'

interface Operand {
  readonly dims: readonly Dim[]
  readonly dtype: DType
}

/**
 * A mistake in the use of an operation: which op, what is wrong, every operand's dtype and dims, what to do, and the line
 * of the caller outside `tensor/`.
 */
export class OpError extends Error {
  override name = 'OpError'

  constructor(
    readonly op: string,
    operands: readonly Operand[],
    what: string,
    remedy = '',
  ) {
    const location = sourceLocation(new Error())
    const lines = operands.map((x, i) => `\n  operand ${i}: ${x.dtype} ${showDims(x.dims)}`)
    super(`${op}: ${what}${lines.join('')}${remedy && `\n  ${remedy}`}${location && `\n  at ${location}`}`)
  }
}

/** Index of a dim in an operand. Throws OpError if the dim is missing or has another size. */
export function axisOf(op: string, operands: readonly Operand[], which: number, wanted: Dim): number {
  const { dims } = operands[which]
  const axis = dims.findIndex(({ name }) => name === wanted.name)
  if (axis < 0) {
    const alike = dims.find(({ size }) => size === wanted.size)
    const remedy = alike ? `it has "${alike.name}" of the same size: use .rename(${alike.name}, ${wanted.name})` : ''
    throw new OpError(
      op,
      operands,
      `no dim "${wanted.name}" in operand ${which} (wanted ${wanted.name} ${wanted.size})`,
      remedy,
    )
  }
  if (dims[axis].size !== wanted.size)
    throw new OpError(
      op,
      operands,
      `dim "${wanted.name}" has size ${dims[axis].size} in operand ${which}, not ${wanted.size}`,
    )
  return axis
}

/** Throws OpError for two dims of one name in a result. */
export function refuseTwins(op: string, operands: readonly Operand[], dims: readonly Dim[]): void {
  const twin = dims.find(({ name }, i) => dims.findIndex((other) => other.name === name) < i)
  if (twin)
    throw new OpError(
      op,
      operands,
      `the result would have two dims named "${twin.name}"`,
      `rename one of them first: .rename(${twin.name}, other)`,
    )
}
