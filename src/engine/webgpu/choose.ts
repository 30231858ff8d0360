import { dim, einsum, softmax, type Tensor } from '../../tensor/index.js'
import { DeviceArray } from '../device-array.js'
import type { Engine } from '../engine.js'
import { jit } from '../jit.js'
import { findAdapter, openWebGpu } from './engine.js'

/** A GPU that is not this many times as fast as the processor is not worth what it may do otherwise. */
const LEAST_GAIN = 1.25
/** Largest difference of numbers that lie between -1 and 1. */
const TOLERANCE = 1e-4

export interface Choice {
  /** The engine on the GPU, if it is right and faster. */
  readonly engine: Engine | null
  /** Why, for people. */
  readonly reason: string
}

/**
 * Tries a GPU on a piece of a training step (two products, a softmax, a mean), against another engine: it must give the same numbers in
 * less time. An adapter that computes on the processor is tried only if it is `trusted`.
 */
export async function chooseWebGpu(other: Engine, { trusted = false } = {}): Promise<Choice> {
  let gpu: Engine | null = null
  try {
    const adapter = await findAdapter()
    if (adapter.info.isFallbackAdapter && !trusted)
      return { engine: null, reason: 'WebGPU has no GPU here, only the processor' }
    gpu = await openWebGpu(adapter)
    const [mine, theirs] = [await tryOut(gpu), await tryOut(other)]
    const off = Math.max(...mine.numbers.map((x, i) => Math.abs(x - theirs.numbers[i])))
    const gain = theirs.milliseconds / mine.milliseconds
    const speed = `${gain.toFixed(1)} times as fast as ${other.name}`
    if (off <= TOLERANCE && gain >= LEAST_GAIN) return { engine: gpu, reason: `${gpu.description} is ${speed}` }
    const reason =
      off <= TOLERANCE ? `${gpu.description} is only ${speed}` : `${gpu.description} computes wrong numbers`
    await gpu.close()
    return { engine: null, reason }
  } catch (error) {
    await gpu?.close()
    return { engine: null, reason: (error as Error).message }
  }
}

/** Numbers of the piece, and the time of its second run. */
async function tryOut(engine: Engine): Promise<{ numbers: Float32Array; milliseconds: number }> {
  const [rows, width, hidden] = [dim('rows', 512), dim('width', 256), dim('hidden', 1024)]
  const made = (dims: Parameters<typeof DeviceArray.from>[2], seed: number) => {
    const values = new Float32Array(dims[0].size * dims[1].size).map((_, i) => Math.sin(i * 0.7 + seed) / 8)
    return DeviceArray.from(engine, values, dims, 'f32')
  }
  const inputs = [made([rows, width], 1), made([width, hidden], 2), made([hidden, width], 3)] as const
  const step = jit(
    engine,
    (x: Tensor, up: Tensor, down: Tensor) => {
      const inner = einsum([x, up], [rows, hidden]).tanh()
      return [softmax(einsum([inner, down], [rows, width]), width).mean(rows)]
    },
    { name: 'try-out' },
  )
  const run = async () => {
    const start = performance.now()
    const [y] = await step(...inputs)
    const numbers = (await y.readFloats()) as Float32Array
    y.dispose()
    return { numbers, milliseconds: performance.now() - start }
  }
  await run()
  const result = await run()
  for (const x of inputs) x.dispose()
  step.dispose()
  return result
}
