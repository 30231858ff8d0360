import type { DType } from '../../tensor/dtype.js'
import type { Numbers } from './arrays.js'
import type { Layout } from './layout.js'

/** An operation on arrays: reads the inputs, writes every element of the outputs, which are dense. */
export interface Kernel {
  (inputs: readonly Numbers[], outputs: readonly Numbers[]): void
  /** Floating-point operations of a product. */
  readonly flops?: number
}

/** An operand of a kernel: where in its array its elements are. */
export interface Given {
  readonly layout: Layout
  readonly dtype: DType
}

/** A result of a kernel, dense. */
export interface Made {
  readonly sizes: readonly number[]
  readonly dtype: DType
}

/** Prepares a kernel for layouts, which are known when a program is. */
export type MakeKernel<A> = (inputs: readonly Given[], attributes: A, outputs: readonly Made[]) => Kernel
