import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScale, padded } from '../../src/plot/scale.js'

test('a scale puts the ends of its domain at the ends of its range, and ticks within', () => {
  for (const kind of ['linear', 'log'] as const)
    for (const [low, high] of [
      [0.0013, 0.0014],
      [2.71, 3.55],
      [17, 18],
      [256, 8192],
      [1e-3, 4e5],
      [5, 5],
    ]) {
      const domain = padded([low, high], kind)
      assert.ok(domain[0] < low && domain[1] > high)
      const { at, ticks } = createScale({ kind, domain, range: [400, 20] })
      assert.ok(Math.abs(at(domain[0]) - 400) < 1e-6 && Math.abs(at(domain[1]) - 20) < 1e-6)
      assert.ok(ticks.length >= 1 && ticks.length <= 16, `${kind} ${low} ${high}: ${ticks}`)
      assert.ok(ticks.every((tick) => tick >= domain[0] && tick <= domain[1]))
      assert.deepEqual(
        ticks,
        [...new Set(ticks)].toSorted((a, b) => a - b),
      )
      const places = ticks.map(at)
      assert.ok(places.every((place, i) => i === 0 || place < places[i - 1]))
    }
})

test('ticks are round numbers: 1, 2 or 5 times a power of ten apart', () => {
  const { ticks } = createScale({ kind: 'linear', domain: [2.68, 3.61], range: [0, 1] })
  assert.deepEqual(ticks, [2.8, 3, 3.2, 3.4, 3.6])
  assert.deepEqual(createScale({ kind: 'log', domain: [28, 450], range: [0, 1] }).ticks, [50, 100, 200])
  assert.deepEqual(createScale({ kind: 'log', domain: [28, 90], range: [0, 1] }).ticks, [40, 60, 80])
  const lengths = createScale({ kind: 'log', domain: [200, 600], range: [0, 1], ticks: [128, 256, 512] }).ticks
  assert.deepEqual(lengths, [256, 512])
})
