import { sameDims, type Dim } from '../dim.js'
import { axisOf, OpError, refuseTwins } from '../errors.js'
import { primitive } from '../primitive.js'
import type { Tensor, Value } from '../tensor.js'
import { constant } from './constant.js'
import { transpose } from './reshape.js'
import { VIEW } from '../traits.js'

/** Repeats a tensor along dims that it lacks, and orders its dims by name. Gradient: the sum over the new dims. */
export const broadcastOp = primitive('broadcast', {
  result([x], { dims }: { dims: readonly Dim[] }) {
    refuseTwins('broadcast', [x], dims)
    for (const dim of x.dims) axisOf('broadcast', [{ dims, dtype: x.dtype }], 0, dim)
    return { dims, dtype: x.dtype }
  },
  gradient({ inputs: [x], grad }) {
    const added = grad.dims.filter(({ name }) => !x.dims.some((dim) => dim.name === name))
    return [transpose(added.length > 0 ? (grad.sum(...(added as Dim<any>[])) as Value as Tensor) : grad, x.dims)]
  },
  show: () => ({}),
  traits: { ...VIEW, placement: 'follows', resizes: true },
})

/** `x` with exactly these dims, in this order; it must not have others. */
export function broadcast<R extends string = never>(x: Value, dims: readonly Dim<R>[]): Tensor<R> {
  if (sameDims(x.dims, dims)) return x as Tensor
  return x.dims.length === dims.length ? transpose(x as Tensor, dims) : broadcastOp([x], { dims })
}

/**
 * Operands of an elementwise op, brought to common dims: those of the operand that has all of them, else the first
 * operand's, then what the others add. Numbers take the dtype of the tensors. Throws for unequal dtypes and sizes.
 */
export function together(op: string, operands: readonly (Value | number)[]): Tensor[] {
  const tensors = operands.filter((x): x is Value => typeof x !== 'number')
  const dtype = tensors[0].dtype
  if (tensors.some((x) => x.dtype !== dtype))
    throw new OpError(
      op,
      tensors,
      `dtypes differ: ${tensors.map((x) => x.dtype).join(' and ')}`,
      'cast one of them: .cast(...)',
    )
  const dims = commonDims(op, tensors)
  return operands.map((x) => broadcast(typeof x === 'number' ? constant(x, dtype) : x, dims))
}

/** Common dims of operands that broadcast by name. */
export function commonDims(op: string, tensors: readonly Value[]): readonly Dim[] {
  const all: Dim[] = []
  for (const x of tensors)
    for (const dim of x.dims) {
      const known = all.find(({ name }) => name === dim.name)
      if (!known) all.push(dim)
      else if (known.size !== dim.size)
        throw new OpError(
          op,
          tensors,
          `dim "${dim.name}" has size ${known.size} and ${dim.size}`,
          'dims of one name must agree in size; slice, pad or rename one',
        )
    }
  return tensors.find((x) => x.dims.length === all.length)?.dims ?? all
}
