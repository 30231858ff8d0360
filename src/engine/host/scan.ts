import type { ScanAttributes } from '../../tensor/ops/control.js'
import type { Shape } from '../../tensor/primitive.js'
import { productOf } from '../../tensor/dim.js'
import { bytesHeld } from './arrays.js'
import { sizesOf } from './layout.js'
import type { Memory } from './memory.js'
import { runPlan, type Plan } from './plan.js'

/** Which of a body's inputs it may free: all but the constants. */
export function ownedByBody({ body, constants }: ScanAttributes): boolean[] {
  return body.inputs.map((_, i) => i >= constants)
}

/** Runs a body's plan for each element of a dim. Inputs are constants, first carry and stacks; results last carry and stacks. */
export function scanRunner<T>(
  attributes: ScanAttributes,
  plan: Plan<T>,
  memory: Memory<T>,
  given: readonly Shape[],
  made: readonly Shape[],
) {
  const { along, constants, carry, reverse } = attributes
  const fixed = constants + carry
  const stacks = made.slice(carry)
  return (inputs: readonly T[]): T[] => {
    let state = inputs.slice(constants, fixed).map((x) => memory.share(x))
    const rows = stacks.map((stack) => new Rows(memory, stack))
    for (let step = 0; step < along.size; step++) {
      const at = reverse ? along.size - 1 - step : step
      const slices = inputs.slice(fixed).map((x, i) => rowOf(memory, x, given[fixed + i], at))
      const results = runPlan(plan, memory, [...inputs.slice(0, constants), ...state, ...slices])
      state = results.slice(0, carry)
      results.slice(carry).forEach((row, i) => rows[i].set(at, row))
    }
    return [...state, ...rows.map((each) => each.stacked())]
  }
}

const stacksOf = <T>({ library, device }: Memory<T>) => library ?? device ?? null

/** One element of a stack along its first dim. */
function rowOf<T>(memory: Memory<T>, x: T, shape: Shape, at: number): T {
  const stacks = stacksOf(memory)
  if (stacks) return stacks.rowOf(x, shape, at)
  const sizes = sizesOf(shape.dims.slice(1))
  const count = productOf(sizes)
  const numbers = memory.allocate(sizes, shape.dtype)
  numbers.set(memory.numbers(x).subarray(at * count, (at + 1) * count))
  return memory.array(numbers, sizes, shape.dtype)
}

/** Results of all steps, which become one array. */
class Rows<T> {
  private readonly rows: T[] = []
  private readonly numbers

  constructor(
    private readonly memory: Memory<T>,
    private readonly stack: Shape,
  ) {
    this.numbers = stacksOf(memory) ? null : memory.allocate(sizesOf(stack.dims), stack.dtype)
  }

  /** Takes over a row. */
  set(at: number, row: T): void {
    if (!this.numbers) return void (this.rows[at] = row)
    const numbers = this.memory.numbers(row)
    this.numbers.set(numbers, at * numbers.length)
    this.memory.free(row)
  }

  stacked(): T {
    const { memory, rows, numbers, stack } = this
    return numbers ? memory.array(numbers, sizesOf(stack.dims), stack.dtype) : stacksOf(memory)!.stack(rows, stack)
  }
}

/** Bytes of a row of each stack, and of a second carry. */
export function scanBytes(
  { peakBytes }: { peakBytes: number },
  { along, constants, carry }: ScanAttributes,
  given: readonly Shape[],
): number {
  const bytes = ({ dims, dtype }: Shape) => bytesHeld(sizesOf(dims), dtype)
  return given.slice(constants).reduce((sum, x, i) => sum + (i < carry ? bytes(x) : bytes(x) / along.size), peakBytes)
}
