import * as tf from '@tensorflow/tfjs-core'
import type { DType } from '../../tensor/dtype.js'
import { productOf } from '../../tensor/dim.js'
import { ARRAY_OF, HELD_AS, type Numbers } from './arrays.js'

/** Operands of a tfjs kernel: by name, or a list where it takes any number. */
type Operands = Readonly<Record<string, tf.Tensor>> | readonly tf.Tensor[]

/** A tfjs backend, used directly: whichever is the current one of tfjs, and what others do with tfjs, does not matter. */
export class Backend {
  /** Whether the backend's memory is arrays of the host, so that reading and writing them costs nothing. */
  readonly hosted: boolean
  private readonly pool = new Pool()

  constructor(
    readonly name: string,
    readonly native: tf.KernelBackend,
  ) {
    this.hosted = name === 'cpu'
  }

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

  /** The elements, row-major; not to be written to. */
  numbers(x: tf.Tensor): Numbers {
    return this.native.readSync(x.dataId) as Numbers
  }

  /** A tensor that takes over the array. */
  tensor(numbers: Numbers, sizes: readonly number[], dtype: DType): tf.Tensor {
    const shape = [...sizes]
    const dataId = this.native.write(numbers, shape, HELD_AS[dtype])
    return tf.engine().makeTensorFromDataId(dataId, shape, HELD_AS[dtype], this.native)
  }

  /** An array for a tensor, whose elements may be anything. */
  allocate(sizes: readonly number[], dtype: DType): Numbers {
    const kind = ARRAY_OF[HELD_AS[dtype]]
    const count = productOf(sizes)
    const memory = this.hosted ? this.pool.take(count * kind.BYTES_PER_ELEMENT) : undefined
    return memory ? new kind(memory) : new kind(count)
  }

  /** Another tensor of the same data, which is there until both are freed. */
  share(x: tf.Tensor): tf.Tensor {
    return this.run('Identity', { x })
  }

  /** The tensor under these sizes: itself, or another one of the same data. */
  reshape(x: tf.Tensor, sizes: readonly number[]): tf.Tensor {
    const same = x.shape.length === sizes.length && x.shape.every((size, i) => size === sizes[i])
    return same ? x : this.run('Reshape', { x }, { shape: [...sizes] })
  }

  free(x: tf.Tensor): void {
    if (x.isDisposed) return
    if (this.hosted && this.native.refCount(x.dataId) === 1) this.pool.put(this.numbers(x).buffer as ArrayBuffer)
    x.dispose()
  }

  /** Runs `f`, then frees all tensors made in it but its results; if it throws, all. */
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

  /** Lets go of memory kept for what runs next. */
  trim(): void {
    this.pool.clear()
  }
}

/** Smaller arrays are left to the garbage collector. */
const WORTH_KEEPING = 1 << 14

/**
 * Memory of arrays that are no longer needed, by size. A program's runs use the same sizes again and again, and memory
 * fresh from the system costs more to touch for the first time than most operations take.
 */
class Pool {
  private readonly free = new Map<number, ArrayBuffer[]>()

  take(bytes: number): ArrayBuffer | undefined {
    return this.free.get(bytes)?.pop()
  }

  put(memory: ArrayBuffer): void {
    const bytes = memory.byteLength
    if (bytes < WORTH_KEEPING) return
    const same = this.free.get(bytes)
    if (same) same.push(memory)
    else this.free.set(bytes, [memory])
  }

  clear(): void {
    this.free.clear()
  }
}
