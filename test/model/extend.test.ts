/** Prompts that are computed in chunks, wherever they are cut, give what a forward pass over all positions gives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { cacheShapes, emptyCaches, type Caches } from '../../src/generate/slots/caches.js'
import type { Parameters, Positions } from '../../src/model/index.js'
import { dim, reshape, type Tensor } from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'
import { CASES } from './decode-cases.js'
import { forward, lively, type Lively } from './support.js'

const LENGTH = 22
const WIDTH = 8

/** Logits after each position: chunks of these lengths, each with padding, and steps of one for the rest. */
async function inChunks(
  { config, model, parameters }: Lively,
  ids: readonly number[],
  lengths: readonly number[],
): Promise<number[][]> {
  const on = await engine()
  const batch = dim('batch', 1)
  const extend = jit(
    on,
    (
      p: Parameters,
      x: Tensor<'batch' | 'sequence'>,
      caches: Caches<Tensor>,
      position: Positions,
      length: Tensor<never>,
    ) => model.extend(p, x, { caches, position }, length, { all: true }),
    { name: 'extend' },
  )
  const step = jit(
    on,
    (p: Parameters, x: Tensor<'batch'>, caches: Caches<Tensor>, position: Positions) =>
      model.decodeStep(p, reshape(x, [batch, dim('sequence', 1)]), { caches, position }),
    { name: 'step' },
  )
  const loaded = { engine: on, config, model, parameters }
  let caches = emptyCaches(loaded, cacheShapes(loaded, 1, LENGTH + WIDTH))
  const all: number[][] = []
  const rows = (values: Float32Array, count: number) =>
    Array.from({ length: count }, (_, i) => Array.from(values.slice(i * config.n_vocab, (i + 1) * config.n_vocab)))
  const scalar = (n: number) => DeviceArray.from(on, Int32Array.of(n), [], 'i32')
  let at = 0
  for (const length of lengths) {
    const filled = Int32Array.from({ length: WIDTH }, (_, i) => (i < length ? ids[at + i] : 7))
    const x = DeviceArray.from(on, filled, [batch, dim('sequence', WIDTH)], 'i32')
    const next = await extend(parameters, x, caches, scalar(at), scalar(length))
    all.push(...rows(await next.logits.readFloats(), length))
    caches = next.caches
    at += length
  }
  for (; at < ids.length; at++) {
    const x = DeviceArray.from(on, Int32Array.of(ids[at]), [batch], 'i32')
    const next = await step(parameters, x, caches, scalar(at))
    all.push(...rows(await next.logits.readFloats(), 1))
    caches = next.caches
  }
  extend.dispose()
  step.dispose()
  return all
}

for (const [name, changes] of Object.entries(CASES)) {
  if (name.includes('experts')) continue
  test(`${name}: chunks and steps equal one pass`, async () => {
    const model = await lively(changes)
    assert.ok(model.model.canExtend)
    const next = numbers(4)
    const ids = Array.from({ length: LENGTH }, () => Math.floor(next() * model.config.n_vocab))
    const [wanted] = await forward(model, [ids])
    const scale = Math.max(...wanted.flat().map(Math.abs))
    for (const lengths of [
      [8, 8, 4],
      [3, 8, 1, 7],
    ])
      (await inChunks(model, ids, lengths)).forEach((row, position) =>
        row.forEach((x, token) => {
          const y = wanted[position][token]
          assert.ok(Math.abs(x - y) <= 2e-5 * scale, `position ${position}, token ${token}: ${x}, wanted ${y}`)
        }),
      )
  })
}

test('models with experts, or of masked tokens, cannot be extended in chunks', async () => {
  for (const [name, changes] of Object.entries(CASES))
    if (name.includes('experts')) assert.ok(!(await lively(changes)).model.canExtend)
  assert.ok(!(await lively({ mlm_training: true, mlm_mask_id: 60 })).model.canExtend)
})
