import assert from 'node:assert/strict'
import { DeviceArray, jit, XlaEngine, type Engine } from '../engine/index.js'
import { constant, dim, einsum, grad, random, total, type Tensor, type Value } from '../tensor/index.js'

export interface SelfTest {
  readonly description: string
  readonly devices: number
  /** Bytes of a device, where the engine knows. */
  readonly memory: number | null
  /** Speed of an f32 product of square matrices, in 10^9 operations per second. */
  readonly gigaflops: number
}

const SIZE = 512
/** Time for measuring products, in ms. */
const TIME = 500

/** Checks known results and measures a product, in about a second. Throws AssertionError for a wrong number. */
export async function selfTest(engine: Engine): Promise<SelfTest> {
  await checkKnown(engine)
  const gigaflops = await measure(engine)
  const { description, deviceCount: devices } = engine
  const stats = engine instanceof XlaEngine ? engine.client.memoryStats(engine.client.addressable[0]) : null
  return { description, devices, memory: stats?.bytesLimit ?? null, gigaflops }
}

/** Random123's published vector of threefry, and the gradient of a sum of squares. */
async function checkKnown(engine: Engine): Promise<void> {
  const n = dim('n', 5)
  const zero = () => constant(0, 'u32') as Value as Tensor
  const run = jit(engine, (x: Tensor) => [
    random.threefry({ high: zero(), low: zero() }, zero(), zero())[0],
    grad((y: Tensor) => total(y.mul(y)))(x),
  ])
  const x = DeviceArray.from(engine, Float32Array.of(-2, -1, 0, 1, 2), [n], 'f32')
  const results = await run(x)
  const [word, gradient] = await Promise.all(results.map((y) => y.read()))
  assert.deepEqual(Array.from(word), [0x6b200159], 'threefry: wrong numbers')
  assert.deepEqual(
    Array.from(gradient, (y) => y + 0),
    [-4, -2, 0, 2, 4],
    'gradient: wrong numbers',
  )
  ;[x, ...results].forEach((array) => array.dispose())
  run.dispose()
}

async function measure(engine: Engine): Promise<number> {
  const [m, k, n] = ['m', 'k', 'n'].map((name) => dim(name, SIZE))
  const run = jit(engine, (a: Tensor, b: Tensor) => einsum([a, b], [m, n])) as any
  const numbers = new Float32Array(SIZE * SIZE).fill(0.5)
  const [a, b] = [DeviceArray.from(engine, numbers, [m, k], 'f32'), DeviceArray.from(engine, numbers, [k, n], 'f32')]
  let best = Infinity
  for (const began = performance.now(); performance.now() - began < TIME;) {
    const start = performance.now()
    const product = (await run(a, b)) as DeviceArray
    const [first] = await product.readFloats()
    best = Math.min(best, performance.now() - start)
    product.dispose()
    assert.equal(first, SIZE / 4, 'product: wrong numbers')
  }
  run.dispose()
  return (2 * SIZE ** 3) / (best * 1e6)
}
