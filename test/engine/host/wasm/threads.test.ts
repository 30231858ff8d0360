/** Threads that share the memory give the numbers of one, bit by bit. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DeviceArray, jit } from '../../../../src/engine/index.js'
import { openHost, type HostEngine } from '../../../../src/engine/host/engine.js'
import { heap } from '../../../../src/engine/host/wasm/heap.js'
import { threadCount, withThreads as withLimit } from '../../../../src/engine/host/wasm/threads.js'
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
    return [
      product,
      weights.mul(product).tanh(),
      weights.sum(m),
      weights.sum(b, m),
      product.max(n),
      einsum([weights, product], [b, n]),
    ]
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
  // The first call starts them.
  for (let turn = 0; threadCount() < threads && turn < 600; turn++) await setTimeout(50)
  assert.equal(threadCount(), threads)
  return engine
}

/** Threads of this process. */
const tasks = () => readdirSync('/proc/self/task').length

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition() && turn < 600; turn++) await setTimeout(50)
  assert.ok(condition())
}

test('two and three threads give what one gives, several times', async () => {
  const alone = openHost({ threads: 1 })
  const wanted = await results(alone)
  for (const threads of [2, 3]) {
    const engine = await withThreads(threads)
    for (let turn = 0; turn < 3; turn++) assert.deepEqual(await results(engine), wanted)
    await engine.close()
    assert.equal(threadCount(), 1)
  }
  await alone.close()
})

test('threads start with the first large piece of work, and end with the last engine that uses them', async (t) => {
  if (process.platform !== 'linux') return t.skip('counts threads in /proc')
  const before = tasks()
  const [one, other] = [openHost({ threads: 3 }), openHost({ threads: 3 })]
  assert.match(one.description, /^host on cpu \(WebAssembly, 3 threads\)$/)
  // Those of earlier tests may still be ending.
  assert.ok(tasks() <= before)
  await results(one)
  await until(() => threadCount() === 3)
  const during = tasks()
  await one.close()
  assert.deepEqual((await results(other)).length, 6)
  assert.equal(threadCount(), 3)
  await other.close()
  await until(() => tasks() <= during - 2)
  assert.equal(threadCount(), 1)
})

test('an engine uses as many threads as it was opened with, whatever others use', async () => {
  const [one, three] = [openHost({ threads: 1 }), await withThreads(3)]
  assert.deepEqual(
    [one, three].map(({ threads }) => withLimit(threads, threadCount)),
    [1, 3],
  )
  await Promise.all([one, three].map((engine) => engine.close()))
})

test('a closed engine runs nothing, and its memory is given back', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const engine = openHost({ threads: 2 })
  const memory = new WeakRef(heap().memory)
  const x = DeviceArray.from(engine, new Float32Array(1 << 24), [dim('x', 1 << 24)], 'f32')
  await engine.close()
  assert.equal((await x.readFloats()).length, 1 << 24)
  await assert.rejects(async () => jit(engine, (y: Tensor) => y.add(1))(x), /must run on an open engine/)
  x.dispose()
  await until(() => {
    collect()
    return memory.deref() === undefined
  })
})
