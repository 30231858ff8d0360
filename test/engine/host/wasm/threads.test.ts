/** Threads that share the memory give the numbers of one, bit by bit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { DeviceArray, jit } from '../../../../src/engine/index.js'
import { openHost, type HostEngine } from '../../../../src/engine/host/engine.js'
import { threadCount } from '../../../../src/engine/host/wasm/functions.js'
import { dim, einsum, softmax, type Dim, type Tensor } from '../../../../src/tensor/index.js'
import { numbers } from '../../../tensor/check.js'

const [m, k, n, b] = [dim('m', 203), dim('k', 530), dim('n', 128), dim('b', 3)]

async function results(engine: HostEngine): Promise<number[][]> {
  const next = numbers(7)
  const make = (...dims: Dim[]) => {
    const count = dims.reduce((size, each) => size * each.size, 1)
    return DeviceArray.from(
      engine,
      Float32Array.from({ length: count }, () => next() * 2 - 1),
      dims,
      'f32',
    )
  }
  const run = jit(engine, (x: Tensor, y: Tensor) => {
    const product = einsum([x, y], [b, m, n])
    const weights = softmax(product, n)
    return [product, weights.mul(product).tanh(), weights.sum(m), product.max(n), einsum([weights, product], [b, n])]
  })
  const given = [make(b, m, k), make(k, n)] as const
  const made = (await run(...given)) as unknown as DeviceArray[]
  const read = await Promise.all(made.map(async (y) => [...(await y.readFloats())]))
  for (const array of [...given, ...made]) array.dispose()
  run.dispose()
  return read
}

async function withThreads(threads: number): Promise<HostEngine> {
  const engine = openHost({ threads })
  for (let turn = 0; threadCount() < threads && turn < 600; turn++) await setTimeout(50)
  assert.equal(threadCount(), threads)
  return engine
}

test('two and three threads give what one gives, several times', async () => {
  const wanted = await results(openHost())
  for (const threads of [2, 3]) {
    const engine = await withThreads(threads)
    for (let turn = 0; turn < 3; turn++) assert.deepEqual(await results(engine), wanted)
    await engine.close()
    assert.equal(threadCount(), 1)
  }
})
