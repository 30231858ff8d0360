import type * as tf from '@tensorflow/tfjs-core'
import { isFloat, isInteger, type DType } from '../../tensor/dtype.js'
import type { Shape } from '../../tensor/primitive.js'
import { ROUND } from '../host/arrays.js'
import type { Op } from '../host/flatten.js'
import { sizesOf } from '../host/layout.js'
import type { Argument, Library, LibraryKernel } from '../host/library.js'
import type { Step } from '../host/plan.js'
import type { Backend } from './backend.js'
import { ROWS, type TfjsRow } from './rows.js'

/** The kernels of a tfjs backend, as far as they are right. */
export class TfjsLibrary implements Library<tf.Tensor> {
  constructor(private readonly backend: Backend) {}

  kernelFor(op: Op, inputs: readonly DType[], outputs: readonly DType[]): LibraryKernel<tf.Tensor> | null {
    const { backend } = this
    const row = ROWS[op.name] as TfjsRow<unknown> | 'host'
    if (row === 'host' || !row.kernels.every((kernel) => backend.has(kernel))) return null
    const dtypes = row.decides === 'both' ? [inputs[0], outputs[0]] : [inputs[row.decides ?? 0]]
    if (dtypes.some(isInteger) || (row.floatsOnly && dtypes[0] === 'bool')) return null
    return {
      broadcasts: row.broadcasts === true,
      step: (args, given, made, writes) => kernelStep(row, op, backend, args, given, made, writes),
    }
  }

  tile(argument: Argument, write: number): Step<tf.Tensor> {
    const { backend } = this
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

  rowOf(x: tf.Tensor, { dims }: Shape, index: number): tf.Tensor {
    const { backend } = this
    const sizes = sizesOf(dims.slice(1))
    const begin = dims.map((_, i) => (i === 0 ? index : 0))
    return backend.scoped(() => {
      const stack = backend.reshape(x, sizesOf(dims))
      return [backend.reshape(backend.run('Slice', { x: stack }, { begin, size: [1, ...sizes] }), sizes)]
    })[0]
  }

  stack(rows: readonly tf.Tensor[], { dims }: Shape): tf.Tensor {
    const { backend } = this
    const sizes = sizesOf(dims.slice(1))
    const pack = () => {
      const reshaped = rows.map((x) => backend.reshape(x, sizes))
      return [backend.run('Pack', reshaped, { axis: 0 })]
    }
    const [whole] = backend.scoped(pack)
    rows.forEach((row) => backend.free(row))
    return whole
  }
}

/** A step of tfjs kernels. Results of halves are rounded. */
function kernelStep(
  row: TfjsRow<unknown>,
  { name, node }: Op,
  backend: Backend,
  inputs: readonly Argument[],
  given: readonly Shape[],
  made: readonly Shape[],
  writes: readonly number[],
): Step<tf.Tensor> {
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

const readsOf = (inputs: readonly Argument[]) => inputs.flatMap(({ ref: { base } }) => (base.known ? [] : [base.slot]))

function argumentsOf(inputs: readonly Argument[], tensors: readonly tf.Tensor[], backend: Backend): tf.Tensor[] {
  let next = 0
  return inputs.map(({ ref: { base }, sizes }) =>
    base.known ? backend.array(base.known.slice(), sizes, base.dtype) : backend.reshape(tensors[next++], sizes),
  )
}

function rounded(backend: Backend, x: tf.Tensor, { dtype }: Shape): tf.Tensor {
  if (!isFloat(dtype) || dtype === 'f32') return x
  return backend.array(backend.numbers(x).map(ROUND[dtype as 'bf16']), x.shape, dtype)
}
