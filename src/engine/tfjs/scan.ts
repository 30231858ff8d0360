import type * as tf from '@tensorflow/tfjs-core'
import type { ScanAttributes } from '../../tensor/ops/control.js'
import type { Shape } from '../../tensor/primitive.js'
import { productOf } from '../../tensor/dim.js'
import { bytesHeld } from './arrays.js'
import type { Backend } from './backend.js'
import { sizesOf } from './layout.js'
import { runPlan, type Plan } from './plan.js'

/** Which of a body's inputs it may free: all but the constants. */
export function ownedByBody({ body, constants }: ScanAttributes): boolean[] {
  return body.inputs.map((_, i) => i >= constants)
}

/** Runs a body's plan for each element of a dim. Inputs are constants, first carry and stacks; results last carry and stacks. */
export function scanRunner(
  attributes: ScanAttributes,
  plan: Plan,
  backend: Backend,
  given: readonly Shape[],
  made: readonly Shape[],
) {
  const { along, constants, carry, reverse } = attributes
  const fixed = constants + carry
  const stacks = made.slice(carry)
  return (inputs: readonly tf.Tensor[]): tf.Tensor[] => {
    let state = inputs.slice(constants, fixed).map((x) => backend.share(x))
    const rows = stacks.map((stack) => new Rows(backend, stack))
    for (let step = 0; step < along.size; step++) {
      const at = reverse ? along.size - 1 - step : step
      const slices = inputs.slice(fixed).map((x, i) => rowOf(backend, x, given[fixed + i], at))
      const results = runPlan(plan, backend, [...inputs.slice(0, constants), ...state, ...slices])
      state = results.slice(0, carry)
      results.slice(carry).forEach((row, i) => rows[i].set(at, row))
    }
    return [...state, ...rows.map((each) => each.stacked())]
  }
}

/** One element of a stack along its first dim. */
function rowOf(backend: Backend, x: tf.Tensor, { dims, dtype }: Shape, at: number): tf.Tensor {
  const sizes = sizesOf(dims.slice(1))
  if (!backend.hosted) {
    const begin = dims.map((_, i) => (i === 0 ? at : 0))
    return backend.scoped(() => {
      const stack = backend.reshape(x, sizesOf(dims))
      return [backend.reshape(backend.run('Slice', { x: stack }, { begin, size: [1, ...sizes] }), sizes)]
    })[0]
  }
  const count = productOf(sizes)
  const numbers = backend.allocate(sizes, dtype)
  numbers.set(backend.numbers(x).subarray(at * count, (at + 1) * count))
  return backend.tensor(numbers, sizes, dtype)
}

/** Results of all steps, which become one tensor. */
class Rows {
  private readonly rows: tf.Tensor[] = []
  private readonly numbers

  constructor(
    private readonly backend: Backend,
    private readonly stack: Shape,
  ) {
    this.numbers = backend.hosted ? backend.allocate(sizesOf(stack.dims), stack.dtype) : null
  }

  /** Takes over a row. */
  set(at: number, row: tf.Tensor): void {
    if (!this.numbers) return void (this.rows[at] = row)
    const numbers = this.backend.numbers(row)
    this.numbers.set(numbers, at * numbers.length)
    this.backend.free(row)
  }

  stacked(): tf.Tensor {
    const { backend, rows, numbers, stack } = this
    if (numbers) return backend.tensor(numbers, sizesOf(stack.dims), stack.dtype)
    const sizes = sizesOf(stack.dims.slice(1))
    const pack = () => [
      backend.run(
        'Pack',
        rows.map((x) => backend.reshape(x, sizes)),
        { axis: 0 },
      ),
    ]
    const [whole] = backend.scoped(pack)
    rows.forEach((row) => backend.free(row))
    return whole
  }
}

/** Bytes of a row of each stack, and of a second carry. */
export function scanBytes(plan: Plan, { along, constants, carry }: ScanAttributes, given: readonly Shape[]): number {
  const bytes = ({ dims, dtype }: Shape) => bytesHeld(sizesOf(dims), dtype)
  return given
    .slice(constants)
    .reduce((sum, x, i) => sum + (i < carry ? bytes(x) : bytes(x) / along.size), plan.peakBytes)
}
