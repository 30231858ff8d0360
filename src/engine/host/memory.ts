import type { DType } from '../../tensor/dtype.js'
import type { Numbers } from './arrays.js'
import type { DeviceKernels } from './device.js'
import type { Library } from './library.js'
import type { Observer } from './plan.js'

/** The arrays that a plan works on, of a kind T: how they are made, read and freed. */
export interface Memory<T> {
  /** Kernels that run where the arrays are; null where they are JavaScript's, which the host's kernels read at no cost. */
  readonly library: Library<T> | null
  /** Kernels of a device, which then run everything; the host's need `numbers`. */
  readonly device?: DeviceKernels<T>
  /** Called around each step of a plan. */
  observer?: Observer
  /** Called before each step of a plan, also of a scan's body; throws to abandon the run. */
  check?: () => void
  /** The elements, row-major, once they are there. Not to be written to. */
  read(x: T): Numbers | Promise<Numbers>
  /** As `read`, but waits. */
  numbers(x: T): Numbers
  /** An array that takes over these numbers. */
  array(numbers: Numbers, sizes: readonly number[], dtype: DType): T
  /** Numbers to be written, whose elements may be anything. */
  allocate(sizes: readonly number[], dtype: DType): Numbers
  /** Another handle of the same elements, which stay until both are freed. */
  share(x: T): T
  /** Takes an array out of the scopes that it was made in. */
  keep(x: T): T
  /** Idempotent. */
  free(x: T): void
  /** Runs `f`, then frees all arrays made in it but its results; if it throws, all. */
  scoped(f: () => T[]): T[]
  /** Releases memory that is kept for what runs next. */
  trim(): void
}
