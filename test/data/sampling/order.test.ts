import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gptNeoOrder, order, sampleIds } from '../../../src/data/index.js'

test('each epoch reads every sample once, each in its own order', () => {
  for (const size of [1, 2, 3, 5, 16, 17, 64, 65, 1000, 4097]) {
    const { at } = order({ size, seed: 7 })
    const epochs = [0, 1, 2].map((epoch) => Array.from({ length: size }, (_, i) => at(epoch * size + i)))
    for (const epoch of epochs)
      assert.deepEqual(
        epoch.toSorted((a, b) => a - b),
        Array.from({ length: size }, (_, i) => i),
      )
    if (size > 16) assert.notDeepEqual(epochs[0], epochs[1])
  }
})

test('a position gives the same sample in whatever order it is asked for', () => {
  const forward = order({ size: 101, seed: 3 })
  const expected = Array.from({ length: 400 }, (_, i) => forward.at(i))
  const backward = order({ size: 101, seed: 3 })
  for (let i = 399; i >= 0; i--) assert.equal(backward.at(i), expected[i])
  const resumed = order({ size: 101, seed: 3 })
  assert.deepEqual(sampleIds(resumed, 33, 8), expected.slice(264, 272))
})

test('the order is this one for ever: a resumed run of an older version reads on', () => {
  assert.deepEqual(
    sampleIds(order({ size: 10, seed: 1 }), 0, 20),
    [7, 3, 9, 2, 0, 8, 5, 6, 4, 1, 8, 2, 3, 7, 5, 4, 6, 0, 9, 1],
  )
})

test('seeds differ; large sizes and seeds work; shuffle off goes round', () => {
  assert.notDeepEqual(sampleIds(order({ size: 50, seed: 1 }), 0, 50), sampleIds(order({ size: 50, seed: 2 }), 0, 50))
  assert.notDeepEqual(
    sampleIds(order({ size: 50, seed: 1 }), 0, 50),
    sampleIds(order({ size: 50, seed: 1 + 2 ** 32 }), 0, 50),
  )
  assert.notDeepEqual(sampleIds(order({ size: 50, seed: 1 }), 0, 50), sampleIds(order({ size: 50, seed: -1 }), 0, 50))
  const large = order({ size: 2 ** 32, seed: 5 })
  const seen = new Set(Array.from({ length: 1000 }, (_, i) => large.at(i)))
  assert.equal(seen.size, 1000)
  assert.ok(
    [...seen].every((sample) => sample >= 0 && sample < 2 ** 32) && [...seen].some((sample) => sample > 2 ** 31),
  )
  assert.deepEqual(sampleIds(order({ size: 3, seed: 1, shuffle: false }), 1, 5), [2, 0, 1, 2, 0])
})

test('places are even: every sample comes first about equally often, and pairs of neighbours too', () => {
  const size = 5
  const first = new Float64Array(size)
  const pairs = new Float64Array(size * size)
  const draws = 20_000
  const { at } = order({ size, seed: 42 })
  for (let epoch = 0; epoch < draws; epoch++) {
    first[at(epoch * size)]++
    pairs[at(epoch * size + 1) * size + at(epoch * size + 2)]++
  }
  const chiSquared = (counts: number[]) => {
    const expected = draws / counts.length
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  }
  // The 99.9% points of chi squared with 4 and 19 degrees of freedom.
  assert.ok(chiSquared([...first]) < 18.5, `${first}`)
  assert.ok(chiSquared([...pairs].filter((_, i) => i % (size + 1) !== 0)) < 43.8, `${pairs}`)
})

test('sizes, seeds and positions that make no sense', () => {
  assert.throws(() => order({ size: 0, seed: 1 }), /order: size must be an integer from 1 to 2\^32 \(got 0\)/)
  assert.throws(() => order({ size: 2.5, seed: 1 }), /got 2\.5/)
  assert.throws(() => order({ size: 3, seed: NaN }), /order: seed must be an integer \(got NaN/)
  assert.throws(() => order({ size: 3, seed: 1 }).at(-1), /order: position must be an integer >= 0 \(got -1/)
  assert.throws(
    () => order({ size: 3, seed: 1, shuffle: false }).at(0.5),
    /order: position must be an integer >= 0 \(got 0\.5/,
  )
  assert.throws(() => gptNeoOrder({ files: [] }), /gptNeoOrder: files must have records/)
})
