/** Part of a page: runs programs on a GPU and on the host, and compares. */
import { openHost } from '../../../src/engine/host/engine.js'
import { chooseWebGpu } from '../../../src/engine/webgpu/choose.js'
import { findAdapter, openWebGpu, type WebGpuEngine } from '../../../src/engine/webgpu/engine.js'
import { parseModelConfig } from '../../../src/config/index.js'
import { DeviceArray } from '../../../src/engine/device-array.js'
import type { Engine } from '../../../src/engine/engine.js'
import { jit } from '../../../src/engine/jit.js'
import { generate } from '../../../src/generate/index.js'
import { Trainer } from '../../../src/train/trainer.js'
import { numbers } from '../../tensor/numbers.js'
import { dim, type PrimitiveName, type Tensor } from '../../../src/tensor/index.js'
import { CASES, describe, gradientOf } from '../host/cases.js'
import { assertClose, evaluateAll, type Result } from '../host/evaluate.js'
import { Random } from '../host/random.js'

const host = openHost({ threads: 1 })
let opened: Promise<WebGpuEngine> | undefined
const gpu = () => (opened ??= openWebGpu())

export const hasAdapter = () =>
  findAdapter().then(
    () => true,
    () => false,
  )

/** Random uses of a primitive, or gradients of them; the first differences. */
export async function check(name: PrimitiveName, count: number, seed: number, gradients: boolean): Promise<string[]> {
  const random = new Random(seed)
  const uses = Array.from({ length: count }, () => CASES[name](random))
  const cases = gradients ? uses.map((each) => gradientOf(each, random)) : uses
  const wanted = await evaluateAll(host, cases)
  const found = await evaluateAll(await gpu(), cases)
  const wrong: string[] = []
  cases.forEach((each, i) =>
    found[i].forEach((y, j) => {
      try {
        assertClose(
          gradients ? withoutNaN(y, wanted[i][j]) : y,
          wanted[i][j],
          `${name} ${describe(each)}, result ${j}`,
          each.halves,
        )
      } catch (error) {
        wrong.push((error as Error).message)
      }
    }),
  )
  return wrong
}

/**
 * Results with NaN where it is wanted: shaders are compiled as if there were no NaN, so that a product with a constant 0 may be 0
 * whatever the other factor is.
 */
function withoutNaN({ dtype, values }: Result, wanted: Result): Result {
  return { dtype, values: Array.from(values, (value, i) => (Number.isNaN(wanted.values[i]) ? NaN : value)) }
}

export interface Compared {
  readonly losses: readonly (readonly number[])[]
  readonly norms: readonly (readonly number[])[]
  /** Ids sampled by each. */
  readonly sampled: readonly (readonly number[])[]
  /** Of the last step, of each. */
  readonly milliseconds: readonly number[]
  /** Arrays on the GPU that are not freed in the end. */
  readonly left: number
}

/** Trains a model on the host and on the GPU, from the same seed, and samples. */
export async function train(keys: Record<string, unknown>, steps: number): Promise<Compared> {
  const { config } = parseModelConfig(keys, 'test')
  const { memory } = await gpu()
  const before = memory.live
  const results = []
  for (const engine of [host, await gpu()]) {
    const trainer = new Trainer(engine, config)
    await trainer.initialise()
    const next = numbers(11)
    const size = config.train_batch_size * (config.n_ctx + 1)
    const [losses, norms]: [number[], number[]] = [[], []]
    let milliseconds = 0
    for (let step = 0; step < steps; step++) {
      const ids = Int32Array.from({ length: size }, (_, i) => (i * 7 + Math.floor(next() * 3)) % config.n_vocab)
      const start = performance.now()
      const metrics = await trainer.trainOn(ids)
      losses.push(await metrics.loss.readScalar())
      norms.push(await metrics.gradientNorm.readScalar())
      milliseconds = performance.now() - start
      Object.values(metrics).forEach((x: DeviceArray) => x.dispose())
    }
    const model = { engine, config, model: trainer.model, parameters: trainer.parameters }
    const sampled: number[] = []
    for await (const [id] of generate(model, [[3, 1, 4]], { maxTokens: 16, seed: 1, topK: 20 })) sampled.push(id!)
    trainer.dispose()
    results.push({ losses, norms, sampled, milliseconds })
  }
  return {
    losses: results.map((x) => x.losses),
    norms: results.map((x) => x.norms),
    sampled: results.map((x) => x.sampled),
    milliseconds: results.map((x) => x.milliseconds),
    left: memory.live - before,
  }
}

/** What is chosen beside the host; `trusted` hides that the adapter is of software. */
export async function choose(trusted: boolean): Promise<{ engine: string | null; reason: string }> {
  const { engine, reason } = await chooseWebGpu(host, { trusted })
  return { engine: engine?.name ?? null, reason }
}

/** Takes a GPU away while it is used; the error of the next read, and a sum on another one. */
export async function loseGpu(): Promise<{ error: string; again: number }> {
  const x = dim('x', 4)
  const sum = async (engine: Engine, lose = () => {}) => {
    const ones = DeviceArray.from(engine, new Float32Array([1, 1, 1, 0]), [x], 'f32')
    const [y] = await jit(engine, (each: Tensor) => [each.sum(x)])(ones)
    lose()
    return y.readScalar()
  }
  const engine = await openWebGpu()
  const error = await sum(engine, () => engine.memory.queue.device.destroy()).then(String, String)
  const other = await openWebGpu()
  const again = await sum(other)
  await other.close()
  return { error, again }
}
