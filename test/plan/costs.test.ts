import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readModelConfig } from '../../src/config/index.js'
import { costsOf } from '../../src/plan/index.js'
import { configOf } from '../config/base.js'

const models = fileURLToPath(new URL('../../../configs/models/', import.meta.url))

/** Parameters of published models: tables of the papers and of the released files. */
const known: Record<string, number> = {
  gpt2_small: 124_412_160,
  gpt3_13B: 12_852_771_840,
  gpt3_175B: 174_601_297_920,
  'gpt-neo-125M': 125_198_592,
  'gpt-neo-1.3B': 1_315_575_808,
  'gpt-neo-2.7B': 2_651_307_520,
}

for (const [name, parameters] of Object.entries(known)) {
  test(`${name} has ${parameters.toLocaleString('en-US')} parameters`, async () => {
    assert.equal(costsOf((await readModelConfig(`${models}${name}.json`)).config).parameters, parameters)
  })
}

test('parameters and flops of a layer, counted by hand', () => {
  const { layers, outside, flops, trainingFlops } = costsOf(configOf({ recompute_grad: true }))
  // 4 embd^2 of attention, 8 of feed-forward; biases of o, c_fc and c_proj; two norms.
  assert.deepEqual(
    layers.map(({ parameters }) => parameters),
    [12 * 32 ** 2 + 6 * 32 + 4 * 32, 12 * 32 ** 2 + 6 * 32 + 4 * 32],
  )
  // Global: a query sees 16.5 keys on average. Local with radius 8: 1, ..., 7, then 8 of 25 queries.
  const seen = (28 + 25 * 8) / 32
  assert.deepEqual(
    layers.map((layer) => layer.flops),
    [24 * 32 ** 2 + 4 * 32 * 16.5, 24 * 32 ** 2 + 4 * 32 * seen],
  )
  assert.deepEqual(outside.map(({ name, count }) => [name, count]).sort(), [
    ['ln_f/b', 32],
    ['ln_f/g', 32],
    ['wpe', 32 * 32],
    ['wte', 96 * 32],
  ])
  assert.equal(flops, layers[0].flops + layers[1].flops + 2 * 96 * 32)
  // The weights of attention again, and the layers: a global and a local one together, but for the last product.
  const weights = 2 * 32 * (16.5 + seen)
  assert.equal(trainingFlops, 3 * flops + weights + layers[0].flops + layers[1].flops - 2 * 32 * 128)
  assert.equal(costsOf(configOf({})).trainingFlops, 3 * flops + weights)
})

test('memory of training and of sampling', () => {
  const costs = costsOf(configOf({}))
  assert.equal(costs.parameterBytes, 4 * costs.parameters)
  assert.equal(costs.optimizerBytes, 8 * costs.parameters)
  // One global layer: a key and a value of 32 numbers. One local: a ring of 8 of them.
  assert.deepEqual(costs.cache, { perToken: 2 * 32 * 4, perSequence: 8 * 2 * 32 * 4 })
  assert.deepEqual(costsOf(configOf({ precision: 'bfloat16' })).cache, {
    perToken: 2 * 32 * 2,
    perSequence: 8 * 2 * 32 * 2,
  })
})
