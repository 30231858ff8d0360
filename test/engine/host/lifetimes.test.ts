/** What the host and TensorFlow.js hold is what the program's arrays are: nothing is left over, nothing goes too early. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memory } from '@tensorflow/tfjs-core'
import { DeviceArray, jit, type Engine } from '../../../src/engine/index.js'
import { HostEngine } from '../../../src/engine/host/engine.js'
import { TfjsEngine } from '../../../src/engine/tfjs/engine.js'
import { Trainer } from '../../../src/train/trainer.js'
import { dim, scan, type Tensor } from '../../../src/tensor/index.js'
import { configOf } from '../../model/support.js'
import { BACKENDS } from './compare.js'

/** Arrays, bytes and, of TensorFlow.js, data that an engine holds. */
function held(engine: Engine): { arrays: number; bytes: number; data?: number[] } {
  if (engine instanceof HostEngine) return engine.memory.live
  const { numTensors, numDataBuffers, numBytes } = memory()
  assert.ok(engine instanceof TfjsEngine)
  return { arrays: numTensors, bytes: numBytes, data: [numDataBuffers, engine.memory.native.numDataIds()] }
}

test('1,000 training steps leave nothing', { timeout: 300_000 }, async () => {
  const engine = await BACKENDS.host()
  const before = held(engine)
  const moe = { moe_layers: [1], moe_params: { moe_num_experts: 2, moe_hidden_size: 8, moe_group_size: 8 } }
  const tiny = { n_vocab: 13, n_ctx: 4, n_embd: 4, n_head: 1, res_dropout: 0.1, tokens_per_mb_per_replica: 4, ...moe }
  const trainer = new Trainer(engine, configOf({ ...tiny, train_batch_size: 2, lr: 1e-4 }), 'unroll')
  await trainer.initialise()
  let during: ReturnType<typeof held> | null = null
  for (let step = 0; step < 1000; step++) {
    const metrics = await trainer.trainOn(Int32Array.from({ length: 10 }, (_, i) => (i * step) % 13))
    Object.values(metrics).forEach((x: DeviceArray) => x.dispose())
    during ??= held(engine)
    assert.deepEqual(held(engine), during, `step ${step}`)
  }
  trainer.dispose()
  assert.deepEqual(held(engine), before)
})

for (const name of Object.keys(BACKENDS))
  test(`inputs stay, donated ones go, results are all that comes: ${name}`, async () => {
    const engine = await BACKENDS[name]()
    const [a, b] = [dim('a', 3), dim('b', 4)]
    const before = held(engine)
    const make = () => DeviceArray.from(engine, new Float32Array(12).fill(2), [a, b], 'f32')
    const [kept, given] = [make(), make()]
    const run = jit(
      engine,
      (x: Tensor, y: Tensor) => {
        const [last, all] = scan(a, y, x, (carry, row) => [carry.add(row), carry] as const)
        // The same value twice, an input unchanged, and a view of one.
        return [last, last, all, x, x.rename(b, dim('c', 4)), y.sum(b)]
      },
      { donate: [1] },
    )
    const results = (await run(kept, given)) as unknown as DeviceArray[]
    const tensors = held(engine).arrays - before.arrays
    assert.equal(tensors, 1 + results.length)
    assert.deepEqual(Array.from(await results[0].readFloats()), Array(12).fill(8))
    assert.deepEqual(await results[0].readFloats(), await results[1].readFloats())
    results[0].dispose()
    assert.deepEqual(Array.from(await results[1].readFloats()), Array(12).fill(8))
    results.slice(1).forEach((x) => x.dispose())
    assert.deepEqual(Array.from(await kept.readFloats()), Array(12).fill(2))
    await assert.rejects(async () => given.readFloats(), /was donated to/)
    kept.dispose()
    run.dispose()
    assert.deepEqual(held(engine), before)
  })

for (const name of Object.keys(BACKENDS))
  test(`donated inputs go where no result takes their memory: ${name}`, async () => {
    const engine = await BACKENDS[name]()
    const [a, b] = [dim('a', 3), dim('b', 4)]
    const before = held(engine)
    const make = () => DeviceArray.from(engine, new Float32Array(12).fill(2), [a, b], 'f32')
    const run = jit(engine, ({ used }: { used: Tensor; unused: Tensor }) => used.sum(b), { donate: [0] })
    for (let turn = 1; turn <= 3; turn++) {
      const sums = (await run({ used: make(), unused: make() } as never)) as unknown as DeviceArray
      assert.equal(held(engine).arrays - before.arrays, 1, `turn ${turn}`)
      assert.deepEqual(Array.from(await sums.readFloats()), [8, 8, 8])
      sums.dispose()
    }
    run.dispose()
    assert.deepEqual(held(engine), before)
  })

test('an upload and a read are copies', async () => {
  const engine = await BACKENDS.host()
  const data = new Float32Array([1, 2, 3])
  const array = DeviceArray.from(engine, data, [dim('n', 3)], 'f32')
  data[0] = 9
  const read = await array.readFloats()
  read[1] = 9
  assert.deepEqual(Array.from(await array.readFloats()), [1, 2, 3])
  array.dispose()
})

test('a step that throws leaves nothing', async () => {
  const engine = await BACKENDS.host()
  const before = held(engine)
  const x = DeviceArray.from(engine, new Float32Array(3), [dim('n', 3)], 'f32')
  const run = jit(engine, (y: Tensor) => y.exp().sum(dim('n', 3)))
  const { executable } = await run.prepare(x)
  const { plan } = executable as unknown as { plan: { steps: { run: unknown }[] } }
  Object.assign(plan.steps.at(-1)!, {
    run: () => {
      throw new RangeError('no memory')
    },
  })
  await assert.rejects(async () => run(x), /no memory/)
  x.dispose()
  assert.deepEqual(held(engine), before)
})

for (const name of Object.keys(BACKENDS))
  test(`a run that is abandoned leaves its inputs, donated ones too, and nothing else: ${name}`, async () => {
    const engine = await BACKENDS[name]()
    const [a, b] = [dim('a', 3), dim('b', 4)]
    const before = held(engine)
    const make = () => DeviceArray.from(engine, new Float32Array(12).fill(2), [a, b], 'f32')
    const reason = new Error('enough')
    let left = Infinity
    const signal = {
      reason,
      get aborted() {
        return left-- <= 0
      },
    } as AbortSignal
    const run = jit(
      engine,
      (x: Tensor, y: Tensor) => {
        const [last] = scan(a, y.sum(b), x, (carry, row) => [carry.add(row.sum(b).mul(2)), carry] as const)
        return [last.add(x.max(b)), y.mul(3)]
      },
      { donate: [1], signal },
    )
    const [kept, given] = [make(), make()]
    const inputs = held(engine)
    let abandoned = 0
    let results: DeviceArray[] | null = null
    while (results === null) {
      left = abandoned
      results = await (run(kept, given) as unknown as Promise<DeviceArray[]>).catch((cause: unknown) => {
        assert.equal(cause, reason)
        assert.deepEqual(held(engine), inputs, `abandoned before step ${abandoned}`)
        abandoned++
        return null
      })
    }
    assert.ok(abandoned > 3, `abandoned ${abandoned} times`)
    assert.deepEqual(Array.from(await results[1].readFloats()), Array(12).fill(6))
    for (const x of [...results, kept]) x.dispose()
    run.dispose()
    assert.deepEqual(held(engine), before)
  })
