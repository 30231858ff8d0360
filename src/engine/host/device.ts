import type { DType } from '../../tensor/index.js'
import type { Numbers } from './arrays.js'
import type { Loop } from './elementwise.js'
import type { Op } from './flatten.js'
import type { Given, Made } from './kernel.js'
import type { Layout } from './layout.js'
import type { Stacks } from './library.js'

/** What a step does with arrays. */
export type Work<T> = (inputs: readonly T[]) => T[]

/**
 * The kernels of a device whose memory JavaScript cannot read while a program runs. They take layouts as the host's kernels do,
 * and there is one for each primitive that is not a view or the plan's own.
 */
export interface DeviceKernels<T> extends Stacks<T> {
  /** Most arrays that a loop may read. */
  readonly mostInputs: number
  /** Numbers that a program has from the start. */
  known(numbers: Numbers, dtype: DType): T
  loop(loop: Loop): Work<T>
  copy(from: Layout, dtype: DType): Work<T>
  kernel(op: Op, inputs: readonly Given[], made: readonly Made[]): Work<T>
  /** Waits until what was planned is ready to run. Throws EngineError if it will never be. */
  compiled(): Promise<void>
  /** Begins what was asked for. */
  submit(): void
}
