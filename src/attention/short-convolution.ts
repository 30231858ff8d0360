import { concat, dim, einsum, pad, range, slice, where, zeros, type Dim, type Tensor } from '../tensor/index.js'
import type { ParameterScope, Positions } from './contract.js'
import { uniform } from './initializers.js'

/**
 * Causal depthwise convolution: y_t = sum_j w_j x_(t - width + 1 + j), with w [..., short_conv_width] and x
 * [batch, sequence, ...]. `tail` is x at the width - 1 positions before, [batch, tail, ...]; zeros if absent. Positions of
 * other `documents`, i32 [batch, sequence], count as zeros; those of the tail are `tailDocuments` [batch, tail], none by
 * default.
 */
export function shortConvolution(
  x: Tensor,
  weight: Tensor,
  sequence: Dim,
  { tail, documents, tailDocuments }: Past = {},
): Tensor {
  const width = dimNamed(weight, 'short_conv_width')
  const before = width.size - 1
  if (before === 0) return x.mul(slice(weight, width, 0, 1).sum(dim(width.name, 1)))
  const all = dim(sequence.name, sequence.size + before)
  const joined = after(tail, x, sequence, before, 0)
  const numbers = documents && after(tailDocuments, documents, sequence, before, -1)
  const terms = Array.from({ length: width.size }, (_, j): Tensor => {
    const moved = slice(joined, all, j, sequence.size)
    const same = numbers && j < before ? slice(numbers, all, j, sequence.size).equal(documents!) : undefined
    const w: Tensor = slice(weight, width, j, 1).sum(dim(width.name, 1))
    return (same ? where(same, moved, 0) : moved).mul(w)
  })
  return terms.reduce((sum, term) => sum.add(term))
}

const TAIL = 'short_conv_tail'

/** What is known of earlier positions: their last few, which are of the same document, and the documents of those few. */
export interface Past {
  readonly tail?: Tensor
  readonly documents?: Tensor
  readonly tailDocuments?: Tensor
}

/** x with its `size` positions before it: those of `tail`, or `fill`. */
function after(tail: Tensor | undefined, x: Tensor, sequence: Dim, size: number, fill: number): Tensor {
  if (!tail) return pad(x, sequence, size, 0, fill)
  return concat([tail.rename(dimNamed(tail, TAIL), dim(sequence.name, size)), x], sequence.name)
}

/** What the next positions need of x: its last `size` positions of the first `lengths` (scalar or one per row), zeros before the first. */
export function tailOf(x: Tensor, sequence: Dim, size: number, tail?: Tensor, lengths?: Positions): Tensor {
  const kept = dim(TAIL, size)
  const all = dim(sequence.name, sequence.size + size)
  const joined = after(tail, x, sequence, size, 0)
  if (!lengths) return slice(joined, all, sequence.size, size).rename(dim(all.name, size), kept)
  const chosen = range(all).equal(range(kept).add(lengths)).cast(x.dtype)
  const dims = x.dims.map((each) => (each.name === sequence.name ? kept : each))
  return einsum([chosen, joined], dims)
}

/** The tail before the first position: `size` zeros. */
export function emptyTail(x: Tensor, sequence: Dim, size: number): Tensor {
  return zeros(
    x.dims.map((each) => (each.name === sequence.name ? dim(TAIL, size) : each)),
    x.dtype,
  )
}

/** Positions of a tail. */
export const sizeOfTail = (tail: Tensor): number => dimNamed(tail, TAIL).size

function dimNamed(x: { readonly dims: readonly Dim[] }, name: string): Dim {
  return x.dims.find((each) => each.name === name)!
}

/** The weight of a short convolution over these features, drawn as PyTorch draws it; undefined if the width is 0. */
export function convolutionWeight(
  at: ParameterScope,
  name: string,
  features: readonly Dim[],
  { short_conv_width: width }: { readonly short_conv_width: number },
): Tensor | undefined {
  if (width === 0) return undefined
  const edge = width ** -0.5
  return at.param(name, [...features, dim('short_conv_width', width)], uniform(-edge, edge), features)
}

/** x at the position before each, [batch, sequence, ...]: that of `tail` [batch, tail, ...] or zeros before the first. */
export function previousOf(x: Tensor, sequence: Dim, { tail, documents, tailDocuments }: Past): Tensor {
  const all = dim(sequence.name, sequence.size + 1)
  const previous = slice(after(tail, x, sequence, 1, 0), all, 0, sequence.size)
  if (!documents) return previous
  const numbers = slice(after(tailDocuments, documents, sequence, 1, -1), all, 0, sequence.size)
  return where(numbers.equal(documents), previous, 0)
}
