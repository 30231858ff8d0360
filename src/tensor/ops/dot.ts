import { sameDim, sizeOf, type Dim } from '../dim.js'
import { isFloat } from '../dtype.js'
import { axisOf, OpError } from '../errors.js'
import { primitive } from '../primitive.js'
import type { NamesOf, Tensor, Value } from '../tensor.js'
import { together } from './broadcast.js'
import { mul } from './binary.js'
import { sumOver } from './reduce.js'
import { transpose } from './reshape.js'
import { REDUCTION } from '../traits.js'

export interface DotAttributes {
  /** Axes of the first and second operand that run side by side. */
  readonly batch: readonly [readonly number[], readonly number[]]
  /** Axes that are multiplied and summed. */
  readonly contract: readonly [readonly number[], readonly number[]]
}

/**
 * Product of two tensors: dims of the result are batch, then the first's others, then the second's. Accumulates in f32 or
 * wider. Gradients are einsums whose operand order gives each result without a transpose: x^T g for a weight, never (g^T x)^T, which
 * XLA's CPU backend runs many times slower in bf16.
 */
export const dotOp = primitive('dot', {
  result([a, b], { batch, contract }: DotAttributes) {
    if (!isFloat(a.dtype) || a.dtype !== b.dtype)
      throw new OpError('einsum', [a, b], `needs floats of one dtype, not ${a.dtype} and ${b.dtype}`)
    const free = (x: { dims: readonly Dim[] }, which: 0 | 1) =>
      x.dims.filter((_, axis) => !batch[which].includes(axis) && !contract[which].includes(axis))
    return { dims: [...batch[0].map((axis) => a.dims[axis]), ...free(a, 0), ...free(b, 1)], dtype: a.dtype }
  },
  gradient: ({ inputs: [a, b], grad }) => [einsum([grad, b], a.dims), einsum([a, grad], b.dims)],
  show: ({ batch, contract }) => ({ batch, contract }),
  traits: {
    ...REDUCTION,
    family: 'contraction',
    placement: 'computes',
    sums: ({ contract }) => contract,
    flops: ({ contract: [axes] }, [a], out) => 2 * sizeOf(out.dims) * sizeOf(axes.map((axis) => a.dims[axis])),
  },
})

/**
 * Multiplies tensors; a dim that is not in `out` is summed. Source: Mesh TensorFlow ops.py `einsum`.
 * `einsum([x, w], [batch, sequence, heads])` of x [batch, sequence, embd] and w [embd, heads] is a matrix product.
 * Operands are floats of one dtype, which is the result's; sums are kept in f32 inside. Throws OpError for an `out` dim
 * that no operand has and for one name with two sizes.
 */
export function einsum<const T extends readonly Value[], O extends NamesOf<T[number]>>(
  inputs: readonly [...T],
  out: readonly Dim<O>[],
): Tensor<O> {
  const operands = inputs as readonly Value[] as readonly Tensor[]
  for (const wanted of out)
    if (!operands.some((x) => x.dims.some(({ name }) => name === wanted.name)))
      throw new OpError(
        'einsum',
        operands,
        `result dim "${wanted.name}" is in no operand`,
        'a result dim comes from an operand; rename one, or broadcast the result',
      )
  for (const [i, x] of operands.entries())
    for (const dim of x.dims) {
      const other = [...out, ...operands.slice(0, i).flatMap((y) => y.dims)].find(({ name }) => name === dim.name)
      if (other && !sameDim(dim, other))
        throw new OpError(
          'einsum',
          operands,
          `dim "${dim.name}" has size ${dim.size} in operand ${i} and ${other.size} elsewhere`,
        )
    }
  const needed = (rest: readonly Tensor[]) => [...out, ...rest.flatMap((x) => x.dims)].map(({ name }) => name)
  let result = operands[0]
  if (operands.length === 1) result = keep(result, needed([]))
  for (let i = 1; i < operands.length; i++) result = product(result, operands[i], needed(operands.slice(i + 1)), out)
  return transpose(result, out as readonly Dim[])
}

function keep(x: Tensor, names: readonly string[]): Tensor {
  return without(x, ({ name }) => names.includes(name))
}

function without(x: Tensor, stays: (dim: Dim) => boolean): Tensor {
  return sumOver(
    x,
    x.dims.filter((dim) => !stays(dim)),
  )
}

/** One product; dims whose names are not in `kept` are summed, before it where only one operand has them. */
function product(a: Tensor, b: Tensor, kept: readonly string[], out: readonly Dim[]): Tensor {
  const has = (x: Tensor, { name }: Dim) => x.dims.some((dim) => dim.name === name)
  a = without(a, (dim) => kept.includes(dim.name) || has(b, dim))
  b = without(b, (dim) => kept.includes(dim.name) || has(a, dim))
  const shared = a.dims.filter((dim) => has(b, dim))
  const batch = shared.filter(({ name }) => kept.includes(name))
  const contract = shared.filter(({ name }) => !kept.includes(name))
  if (contract.length === 0) return mul(...(together('einsum', [a, b]) as [Tensor, Tensor]))
  // The operand that owns the leading free dim of the result goes first, so that no transpose is needed.
  const leading = out.find((dim) => !batch.some(({ name }) => name === dim.name))
  if (leading && !has(a, leading) && has(b, leading)) [a, b] = [b, a]
  // Batch dims in the result's order, so that only free dims may need to move.
  const order = [...batch].sort((p, q) => indexOf(out, p) - indexOf(out, q))
  const axes = (x: Tensor, dims: readonly Dim[]) => dims.map((dim) => axisOf('einsum', [x], 0, dim))
  return dotOp([a, b], { batch: [axes(a, order), axes(b, order)], contract: [axes(a, contract), axes(b, contract)] })
}

function indexOf(dims: readonly Dim[], { name }: Dim): number {
  const at = dims.findIndex((dim) => dim.name === name)
  return at < 0 ? dims.length : at
}
