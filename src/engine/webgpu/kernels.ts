import { productOf, type AttributesOf, type DType, type PrimitiveName, type Tensor } from '../../tensor/index.js'
import type { Numbers } from '../host/arrays.js'
import type { DeviceKernels, Work } from '../host/device.js'
import type { Loop } from '../host/elementwise.js'
import type { Op } from '../host/flatten.js'
import type { Given, Made } from '../host/kernel.js'
import { sizesOf, type Layout } from '../host/layout.js'
import { cumulated, largest, sorted } from './lanes.js'
import { loopParts } from './loop.js'
import { product } from './matmul.js'
import type { GpuArray, GpuMemory } from './memory.js'
import { addedAt, concatenated, copy, padded, taken, window, windowUpdate } from './moves.js'
import type { Queue, Shader } from './queue.js'
import { reduction } from './reduce.js'

/** Dims and dtype of an array. */
type Shape = Pick<Tensor<string>, 'dims' | 'dtype'>

/** A shader with the inputs that it reads; it writes all results. */
interface Use {
  readonly shader: Shader
  readonly reads: readonly number[]
}

type Rule<A> = (inputs: readonly Given[], attributes: A, made: readonly Made[]) => readonly Use[]

const use = (shader: Shader, ...reads: number[]): Use => ({ shader, reads })

/** Primitives that are neither views, nor elementwise, nor the plan's own, as shaders that run one after the other. */
const RULES: { readonly [P in PrimitiveName]?: Rule<AttributesOf<P>> } = {
  reduceSum: ([x], { axes }, [out]) => [use(reduction('sum', x, axes, out), 0)],
  reduceMax: ([x], { axes }, [out]) => [use(reduction('max', x, axes, out), 0)],
  reduceMin: ([x], { axes }, [out]) => [use(reduction('min', x, axes, out), 0)],
  argmax: (inputs, attributes, [out]) => [use(largest(inputs, attributes, out), 0)],
  dot: (inputs, attributes, [out]) => [use(product(inputs, attributes, out), 0, 1)],
  pad(inputs, attributes, [out]) {
    const [everywhere, inside] = padded(inputs, attributes, out)
    return [use(everywhere, 1), use(inside, 0)]
  },
  concat: (inputs, attributes, [out]) => concatenated(inputs, attributes, out).map((shader, i) => use(shader, i)),
  dynamicSlice: (inputs, attributes, [out]) => [use(window(inputs, attributes, out), 0, 1)],
  dynamicUpdateSlice: (inputs, attributes, [out]) => [
    use(copy(inputs[0]), 0),
    use(windowUpdate(inputs, attributes, out), 1, 2),
  ],
  take: (inputs, attributes, [out]) => [use(taken(inputs, attributes, out), 0, 1)],
  scatterAdd: (inputs, attributes, [out]) => [use(copy(inputs[0]), 0), use(addedAt(inputs, attributes, out), 1, 2)],
  cumsum: (inputs, attributes, [out]) => [use(cumulated(inputs, attributes, out), 0)],
  sort: (inputs, attributes, made) => [use(sorted(inputs, attributes, made), 0)],
}

export class GpuKernels implements DeviceKernels<GpuArray> {
  readonly mostInputs: number
  private readonly mostArrays: number
  private readonly knowns = new WeakMap<Numbers, GpuArray>()

  constructor(
    private readonly memory: GpuMemory,
    private readonly queue: Queue,
  ) {
    this.mostArrays = queue.device.limits.maxStorageBuffersPerShaderStage
    this.mostInputs = this.mostArrays - 1
  }

  known(numbers: Numbers, dtype: DType): GpuArray {
    let array = this.knowns.get(numbers)
    if (!array) {
      array = this.memory.permanent(numbers, dtype)
      this.knowns.set(numbers, array)
    }
    return array
  }

  loop(loop: Loop): Work<GpuArray> {
    const made = loop.results.map((member) => ({ sizes: loop.sizes, dtype: loop.members[member].dtype }))
    return this.work(made, loopParts(loop, this.mostArrays))
  }

  copy(layout: Layout, dtype: DType): Work<GpuArray> {
    return this.work([{ sizes: layout.sizes, dtype }], [use(copy({ layout, dtype }), 0)])
  }

  kernel({ name, node }: Op, inputs: readonly Given[], made: readonly Made[]): Work<GpuArray> {
    const rule = RULES[name] as Rule<unknown> | undefined
    if (!rule) throw new Error(`the engine webgpu has no shader for ${name}`)
    return this.work(made, rule(inputs, node.attributes, made))
  }

  rowOf(stack: GpuArray, { dims, dtype }: Shape, index: number): GpuArray {
    const sizes = sizesOf(dims.slice(1))
    const row = this.memory.make(sizes, dtype)
    const bytes = 4 * productOf(sizes)
    this.queue.copy(this.memory.bufferOf(stack), index * bytes, this.memory.bufferOf(row), 0, bytes)
    return row
  }

  stack(rows: readonly GpuArray[], { dims, dtype }: Shape): GpuArray {
    const { memory, queue } = this
    const sizes = sizesOf(dims)
    const whole = memory.make(sizes, dtype)
    const bytes = 4 * productOf(sizes.slice(1))
    rows.forEach((row, i) => {
      queue.copy(memory.bufferOf(row), 0, memory.bufferOf(whole), i * bytes, bytes)
      memory.free(row)
    })
    return whole
  }

  compiled(): Promise<void> {
    return this.queue.compiled()
  }

  submit(): void {
    this.queue.submit()
  }

  /** `writes` are the results that a shader writes, if not all. */
  private work(
    made: readonly Made[],
    uses: readonly (Use & { readonly writes?: readonly number[] })[],
  ): Work<GpuArray> {
    const { memory, queue } = this
    const steps = uses.map((each) => ({ ...each, pipeline: queue.pipeline(each.shader.code) }))
    return (inputs) => {
      const outputs = made.map(({ sizes, dtype }) => memory.make(sizes, dtype))
      for (const { shader, pipeline, reads, writes } of steps) {
        const written = writes ? writes.map((i) => outputs[i]) : outputs
        const arrays = [...reads.map((i) => inputs[i]), ...written]
        queue.run(
          pipeline,
          shader.workgroups,
          arrays.map((x) => memory.bufferOf(x)),
        )
      }
      return outputs
    }
  }
}
