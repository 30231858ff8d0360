/** A model of each kind of attention on a GPU and on the CPU: training steps, greedy tokens, and bf16. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { attentionKindNames, parseModelConfig } from '../../src/config/index.js'
import { openXla, type XlaEngine } from '../../src/engine/index.js'
import { generate } from '../../src/generate/index.js'
import { loadParameters } from '../../src/generate/parameters.js'
import { Trainer } from '../../src/train/index.js'
import { EXACT, platform, skip } from './device.js'

const cpu = skip ? null : openXla()
const device = skip ? null : openXla({ platform, flags: EXACT })
after(async () => {
  for (const engine of [cpu, device]) await (await engine)?.close()
})

const STEPS = 4
const shape = { n_vocab: 512, n_ctx: 128, n_embd: 64, n_head: 4, train_batch_size: 4 }

function configOf(kind: string, precision: string) {
  const changes = { precision, n_layer: 2, attention_types: [[[kind], 2]], train_steps: 10, lr: 1e-3, seed: 7 }
  return parseModelConfig({ ...shape, ...changes }, kind).config
}

/** Numbers below `size`, low ones more often. */
function ids(size: number, length: number, seed: number): Int32Array {
  let state = seed + 1
  return Int32Array.from({ length }, () => {
    state = (state * 48271) % 2147483647
    return Math.floor(size * (state / 2147483647) ** 3)
  })
}

async function lossesOn(engine: XlaEngine, kind: string, precision: string): Promise<number[]> {
  const trainer = new Trainer(engine, configOf(kind, precision))
  await trainer.start(({ name, shape: dims }) => Promise.resolve(weightsOf(name, dims)))
  const losses: number[] = []
  for (let step = 0; step < STEPS; step++) {
    const metrics = await trainer.trainOn(ids(shape.n_vocab, shape.train_batch_size * (shape.n_ctx + 1), step))
    losses.push(await metrics.loss.readScalar())
  }
  return losses
}

/** Weights that depend on the name only. */
function weightsOf(name: string, dims: readonly number[]): Float32Array {
  const size = dims.reduce((a, b) => a * b, 1)
  let state = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2147483647, 7)
  return Float32Array.from({ length: size }, () => {
    state = (state * 48271) % 2147483647
    return dims.length === 1 ? 1 : (state / 2147483647 - 0.5) * 0.2
  })
}

async function tokensOn(engine: XlaEngine, kind: string): Promise<number[]> {
  const model = await loadParameters(engine, configOf(kind, 'float32'), (name, dims) =>
    Promise.resolve(weightsOf(name, dims)),
  )
  const found: number[] = []
  for await (const [id] of generate(model, [ids(shape.n_vocab, 20, 3)], { temperature: 0, maxTokens: 24 }))
    found.push(id!)
  return found
}

const near = (a: readonly number[], b: readonly number[], tolerance: number) =>
  a.forEach((x, i) => assert.ok(Math.abs(x - b[i]) <= tolerance, `step ${i}: ${x} and ${b[i]}`))

for (const kind of attentionKindNames) {
  test(`${kind}: training steps on both`, { skip }, async () => {
    near(await lossesOn((await device)!, kind, 'float32'), await lossesOn((await cpu)!, kind, 'float32'), 1e-3)
  })
  test(`${kind}: training steps in bf16 on both`, { skip }, async () => {
    near(await lossesOn((await device)!, kind, 'bfloat16'), await lossesOn((await cpu)!, kind, 'bfloat16'), 2e-2)
  })
  test(`${kind}: greedy tokens on both`, { skip }, async () => {
    assert.deepEqual(await tokensOn((await device)!, kind), await tokensOn((await cpu)!, kind))
  })
}
