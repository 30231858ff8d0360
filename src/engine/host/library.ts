import type { DType } from '../../tensor/dtype.js'
import type { Shape } from '../../tensor/primitive.js'
import { productOf } from '../../tensor/dim.js'
import type { Op } from './flatten.js'
import type { Ref } from './fused-loop.js'
import { isContiguous } from './layout.js'
import type { Step } from './plan.js'

/** Rows of stacks, where arrays are not JavaScript's. */
export interface Stacks<T> {
  /** The element of a stack at an index of its first dim. */
  rowOf(stack: T, shape: Shape, index: number): T
  /** Stacks rows, which it takes over. `shape` is the stack's. */
  stack(rows: readonly T[], shape: Shape): T
}

/** Kernels of a library for arrays of a kind T, which a plan prefers to the host's. */
export interface Library<T> extends Stacks<T> {
  /** The library's kernel for an operation, or null where it has none that is right: the host's runs. */
  kernelFor(op: Op, inputs: readonly DType[], outputs: readonly DType[]): LibraryKernel<T> | null
  /** A step that repeats an array along dims of size 1. */
  tile(argument: Argument, write: number): Step<T>
}

export interface LibraryKernel<T> {
  /** Whether operands may have size 1 where the result repeats them. */
  readonly broadcasts: boolean
  step(
    inputs: readonly Argument[],
    inputShapes: readonly Shape[],
    outputShapes: readonly Shape[],
    writes: readonly number[],
  ): Step<T>
}

/** An operand of a library's kernel: the array of a base under sizes, which are 1 where the kernel has to repeat it. */
export interface Argument {
  readonly ref: Ref
  readonly sizes: readonly number[]
}

/**
 * The sizes under which a base's array is what a layout shows, if repeated along those that are 1; null where the layout
 * does anything else.
 */
export function expandable({ base, layout }: Ref): number[] | null {
  const ones = layout.sizes.map((size, i) => (layout.strides[i] === 0 ? 1 : size))
  const same = layout.offset === 0 && productOf(ones) === productOf(base.sizes)
  return same && isContiguous({ ...layout, sizes: ones }) ? ones : null
}
