import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mean, median, noiseOf, spreadOf } from '../../src/ablate/statistics.js'

/** Normal numbers, the same in every run (Park and Miller's generator, Box and Muller's transform). */
function normals(seed: number): () => number {
  let state = seed
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

test('median, mean and deviation', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.deepEqual(spreadOf([5]), { mean: 5, deviation: null, count: 1 })
  // The sample of Wikipedia's article on the standard deviation, with n - 1.
  const { mean: middle, deviation } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9])
  assert.equal(middle, 5)
  assert.ok(Math.abs(deviation! - Math.sqrt(32 / 7)) < 1e-12)
})

test('the noise is blind to what variants and seeds do, each to all alike', () => {
  const next = normals(1)
  const table = Array.from({ length: 4 }, () => Array.from({ length: 3 }, next))
  const shifted = table.map((row, i) => row.map((value, j) => value + 7 * i - 3 * j * j))
  assert.ok(Math.abs(noiseOf(table)!.deviation - noiseOf(shifted)!.deviation) < 1e-12)
  assert.equal(noiseOf(table)!.degreesOfFreedom, 6)
})

test('with two variants the smallest difference is that of the paired t test', () => {
  const next = normals(2)
  const [a, b] = [0, 1].map(() => Array.from({ length: 5 }, next))
  const { deviation } = spreadOf(a.map((value, i) => value - b[i]))
  const { smallestDifference, degreesOfFreedom } = noiseOf([a, b])!
  assert.equal(degreesOfFreedom, 4)
  assert.ok(Math.abs(smallestDifference - (2.776 * deviation!) / Math.sqrt(5)) < 1e-9)
})

test('95 % of the differences of equal variants are below the smallest difference', () => {
  const next = normals(3)
  for (const [variants, seeds] of [
    [6, 2],
    [3, 4],
    [2, 40],
  ]) {
    let below = 0
    const trials = 2000
    for (let i = 0; i < trials; i++) {
      const seedEffects = Array.from({ length: seeds }, () => 5 * next())
      const table = Array.from({ length: variants }, () => seedEffects.map((effect) => effect + next()))
      const [a, b] = table.map(mean)
      if (Math.abs(a - b) < noiseOf(table)!.smallestDifference) below++
    }
    assert.ok(Math.abs(below / trials - 0.95) < 0.015, `${variants} variants, ${seeds} seeds: ${below / trials}`)
  }
})

test('one seed, or one variant, says nothing of noise', () => {
  assert.equal(noiseOf([[1], [2]]), null)
  assert.equal(noiseOf([[1, 2]]), null)
  assert.equal(noiseOf([]), null)
})
