import assert from 'node:assert/strict'
import { test } from 'node:test'
import { halfWidth, mean, median, noiseOf, spreadOf } from '../../src/ablate/statistics.js'

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
  const [a, b] = [noiseOf(table)!, noiseOf(shifted)!]
  for (const [i, deviation] of a.deviations.entries()) assert.ok(Math.abs(deviation - b.deviations[i]) < 1e-12)
})

test('the interval of two variants is that of the paired t test', () => {
  const next = normals(2)
  const [a, b] = [0, 1].map(() => Array.from({ length: 5 }, next))
  const { deviation } = spreadOf(a.map((value, i) => value - b[i]))
  const noise = noiseOf([a, b])!
  assert.equal(noise.degreesOfFreedom, 4)
  assert.ok(Math.abs(halfWidth(noise, 0, 1) - (2.776 * deviation!) / Math.sqrt(5)) < 1e-9)
})

test('95 % of the differences of equal variants are within their interval, or more, also if one varies much more', () => {
  const next = normals(3)
  for (const [variants, seeds] of [
    [2, 2],
    [3, 2],
    [6, 2],
    [6, 3],
    [3, 5],
    [2, 40],
  ])
    for (const wild of [1, 8]) {
      const below = [0, 0]
      const trials = 2000
      for (let i = 0; i < trials; i++) {
        const ofSeeds = Array.from({ length: seeds }, () => 5 * next())
        const table = Array.from({ length: variants }, (_, row) =>
          ofSeeds.map((effect) => effect + (row === variants - 1 ? wild : 1) * next()),
        )
        const noise = noiseOf(table)!
        const means = table.map(mean)
        for (const [which, other] of [1, variants - 1].entries())
          if (Math.abs(means[0] - means[other]) < halfWidth(noise, 0, other)) below[which]++
      }
      const [calm, any] = below.map((count) => count / trials)
      assert.ok(calm > 0.935, `${variants} variants, ${seeds} seeds: ${calm}`)
      assert.ok(any > 0.915, `${variants} variants, ${seeds} seeds, with the wild one: ${any}`)
    }
})

test('a wild variant does not hide the differences of calm ones', () => {
  const rows = [
    [2.747, 2.733],
    [2.686, 2.679],
    [2.638, 2.617],
    [3.502, 3.49],
    [3.375, 3.448],
  ]
  const noise = noiseOf(rows)!
  assert.ok(halfWidth(noise, 0, 1) < 0.05 && halfWidth(noise, 1, 2) < 0.05)
  assert.ok(halfWidth(noise, 3, 4) > 0.09, 'the variant of high variance is not ranked against close ones')
})

test('one seed, or one variant, says nothing of noise', () => {
  assert.equal(noiseOf([[1], [2]]), null)
  assert.equal(noiseOf([[1, 2]]), null)
  assert.equal(noiseOf([]), null)
})
