import * as tf from '@tensorflow/tfjs-core'
import type { DType } from '../../tensor/dtype.js'
import { productOf } from '../../tensor/dim.js'
import { ARRAY_OF, HELD_AS, type Numbers } from '../host/arrays.js'
import type { Memory } from '../host/memory.js'
import { TfjsLibrary } from './library.js'

/** Operands of a tfjs kernel: by name, or a list where it takes any number. */
type Operands = Readonly<Record<string, tf.Tensor>> | readonly tf.Tensor[]

/** A tfjs backend, used directly: whichever is the current one of tfjs, and what others do with tfjs, does not matter. */
export class Backend implements Memory<tf.Tensor> {
  readonly library: TfjsLibrary = new TfjsLibrary(this)
  check?: () => void

  constructor(
    readonly name: string,
    readonly native: tf.KernelBackend,
  ) {}

  has(kernel: string): boolean {
    return tf.getKernel(kernel, this.name) !== undefined
  }

  /** Runs one of tfjs's kernels that has one result. */
  run(kernel: string, inputs: Operands, attributes: object = {}): tf.Tensor {
    return this.runAll(kernel, inputs, attributes)[0]
  }

  /** Runs one of tfjs's kernels. */
  runAll(kernel: string, operands: Operands, attributes: object = {}): tf.Tensor[] {
    const { kernelFunc } = tf.getKernel(kernel, this.name)
    const inputs = operands as tf.NamedTensorInfoMap
    const results = [kernelFunc({ inputs, attrs: attributes as tf.NamedAttrMap, backend: this.native })].flat()
    // Some kernels give tensors, most what a tensor is to be made of.
    return results.map((y) => (y instanceof tf.Tensor ? y : tf.engine().makeTensorFromTensorInfo(y, this.native)))
  }

  read(x: tf.Tensor): Promise<Numbers> {
    return this.native.read(x.dataId) as Promise<Numbers>
  }

  numbers(x: tf.Tensor): Numbers {
    return this.native.readSync(x.dataId) as Numbers
  }

  array(numbers: Numbers, sizes: readonly number[], dtype: DType): tf.Tensor {
    const shape = [...sizes]
    const dataId = this.native.write(numbers, shape, HELD_AS[dtype])
    return tf.engine().makeTensorFromDataId(dataId, shape, HELD_AS[dtype], this.native)
  }

  allocate(sizes: readonly number[], dtype: DType): Numbers {
    const kind = ARRAY_OF[HELD_AS[dtype]]
    return new kind(productOf(sizes))
  }

  share(x: tf.Tensor): tf.Tensor {
    return this.run('Identity', { x })
  }

  /** The tensor under these sizes: itself, or another one of the same data. */
  reshape(x: tf.Tensor, sizes: readonly number[]): tf.Tensor {
    const same = x.shape.length === sizes.length && x.shape.every((size, i) => size === sizes[i])
    return same ? x : this.run('Reshape', { x }, { shape: [...sizes] })
  }

  keep(x: tf.Tensor): tf.Tensor {
    return tf.keep(x)
  }

  free(x: tf.Tensor): void {
    if (!x.isDisposed) x.dispose()
  }

  scoped(f: () => tf.Tensor[]): tf.Tensor[] {
    const engine = tf.engine()
    let results: tf.Tensor[] = []
    engine.startScope()
    try {
      return (results = f())
    } finally {
      engine.endScope(results)
    }
  }

  trim(): void {} // the backend's memory is its own affair
}
