import type * as tf from '@tensorflow/tfjs-core'
import { isFloat } from '../../tensor/dtype.js'
import type { Shape } from '../../tensor/primitive.js'
import { productOf } from '../../tensor/dim.js'
import { ROUND } from './arrays.js'
import type { Backend } from './backend.js'
import type { Op } from './flat.js'
import type { Ref } from './group.js'
import { isContiguous } from './layout.js'
import type { Step } from './plan.js'
import type { TfjsRow } from './rows.js'

/** An operand of a tfjs kernel: the tensor of a base under sizes, which are 1 where the kernel has to repeat it. */
export interface Argument {
  readonly ref: Ref
  readonly sizes: readonly number[]
}

/**
 * The sizes under which a base's tensor is what a layout shows, if repeated along those that are 1; null where the layout
 * does anything else.
 */
export function expandable({ base, layout }: Ref): number[] | null {
  const ones = layout.sizes.map((size, i) => (layout.strides[i] === 0 ? 1 : size))
  const same = layout.offset === 0 && productOf(ones) === productOf(base.sizes)
  return same && isContiguous({ ...layout, sizes: ones }) ? ones : null
}

/** A step of tfjs kernels. Results of halves are rounded. */
export function rowStep(
  row: TfjsRow<unknown>,
  { name, node }: Op,
  backend: Backend,
  inputs: readonly Argument[],
  given: readonly Shape[],
  made: readonly Shape[],
  writes: readonly number[],
): Step {
  return {
    name,
    reads: readsOf(inputs),
    writes,
    run: (tensors) =>
      backend.scoped(() => {
        const args = argumentsOf(inputs, tensors, backend)
        const results = row.run({ backend, inputs: args, attributes: node.attributes, given, made })
        return results.map((y, i) => rounded(backend, y, made[i]))
      }),
  }
}

/** A step that repeats a base's tensor. */
export function tileStep(argument: Argument, backend: Backend, write: number): Step {
  const { ref, sizes } = argument
  const reps = ref.layout.sizes.map((size, i) => size / sizes[i])
  return {
    name: 'tile',
    reads: readsOf([argument]),
    writes: [write],
    run: (tensors) =>
      backend.scoped(() => {
        const [x] = argumentsOf([argument], tensors, backend)
        return [backend.run('Tile', { x }, { reps })]
      }),
  }
}

const readsOf = (inputs: readonly Argument[]) => inputs.flatMap(({ ref: { base } }) => (base.known ? [] : [base.slot]))

function argumentsOf(inputs: readonly Argument[], tensors: readonly tf.Tensor[], backend: Backend): tf.Tensor[] {
  let next = 0
  return inputs.map(({ ref: { base }, sizes }) =>
    base.known ? backend.tensor(base.known.slice(), sizes, base.dtype) : backend.reshape(tensors[next++], sizes),
  )
}

function rounded(backend: Backend, x: tf.Tensor, { dtype }: Shape): tf.Tensor {
  if (!isFloat(dtype) || dtype === 'f32') return x
  return backend.tensor(backend.numbers(x).map(ROUND[dtype as 'bf16']), x.shape, dtype)
}
