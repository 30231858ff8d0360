/** Metrics from sums, and intervals and tests by resampling. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { difference, estimate } from '../../src/evaluate/bootstrap.js'
import { METRICS, type Metric } from '../../src/evaluate/metrics.js'

const metric = (form: keyof typeof METRICS, name: string) =>
  (METRICS[form] as readonly Metric[]).find((each) => each.name === name)!
const accuracies = (right: number, of: number) => Array.from({ length: of }, (_, i) => ({ acc: Number(i < right) }))

test('metrics are ratios of sums: long items weigh as much as they hold', () => {
  const items = [
    { nll: 10, bytes: 8, words: 2, tokens: 4 },
    { nll: 30, bytes: 12, words: 6, tokens: 8 },
  ]
  const value = (name: string) => estimate(metric('text', name), items).value
  assert.equal(value('bits_per_byte'), 40 / 20 / Math.LN2)
  assert.equal(value('byte_perplexity'), Math.exp(40 / 20))
  assert.equal(value('word_perplexity'), Math.exp(40 / 8))
  assert.equal(value('token_perplexity'), Math.exp(40 / 12))
  assert.equal(estimate(metric('continuations', 'perplexity'), items).value, Math.exp(20))
})

test('the interval of an accuracy is near that of the normal approximation, and a function of the seed', () => {
  const items = accuracies(120, 400)
  const found = estimate(metric('pairs', 'acc'), items, { seed: 3 })
  const half = 1.96 * Math.sqrt((0.3 * 0.7) / 400)
  assert.equal(found.value, 0.3)
  assert.ok(Math.abs(found.interval![0] - (0.3 - half)) < 0.008, String(found.interval))
  assert.ok(Math.abs(found.interval![1] - (0.3 + half)) < 0.008, String(found.interval))
  assert.deepEqual(estimate(metric('pairs', 'acc'), items, { seed: 3 }), found)
  assert.notDeepEqual(estimate(metric('pairs', 'acc'), items, { seed: 4 }), found)
  assert.equal(estimate(metric('pairs', 'acc'), items.slice(0, 1)).interval, null)
})

test('a comparison is paired: a small difference on every item is found, an equal mean of other items is not', () => {
  const acc = metric('pairs', 'acc')
  const bits = metric('text', 'bits_per_byte')
  const a = Array.from({ length: 50 }, (_, i) => ({ nll: 100 + 7 * (i % 11), bytes: 50 }))
  const b = a.map(({ nll, bytes }) => ({ nll: nll - 1, bytes }))
  const better = difference(bits, a, b)
  assert.ok(Math.abs(better.value + 1 / 50 / Math.LN2) < 1e-12)
  assert.ok(better.interval![1] < 0 && better.p < 0.01, JSON.stringify(better))
  const same = difference(acc, accuracies(25, 50), accuracies(25, 50).toReversed())
  assert.ok(same.value === 0 && same.interval![0] < 0 && same.interval![1] > 0 && same.p === 1, JSON.stringify(same))
  // Two of 50 items differ in favour of b: the exact probability of the sign test is 1/2.
  const few = difference(acc, accuracies(25, 50), accuracies(27, 50), { resamples: 4000 })
  assert.ok(Math.abs(few.p - 0.5) < 0.04, String(few.p))
})
