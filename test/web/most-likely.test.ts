import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mostLikely } from '../../src/web/index.js'
import { numbers } from '../tensor/check.js'

test('the most likely tokens, their probabilities and ranks are those of a sorted softmax', () => {
  const next = numbers(3)
  for (let trial = 0; trial < 200; trial++) {
    const size = 1 + Math.floor(next() * 40)
    // Rounded, so that some are equal; far off, so that a softmax without care overflows.
    const logits = Float32Array.from({ length: size }, () => 900 + Math.round((next() - 0.5) * 20))
    const weights = Array.from(logits, (logit) => Math.exp(logit - 900))
    const total = weights.reduce((sum, weight) => sum + weight)
    const sorted = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b)
    const [id, count] = [Math.floor(next() * size), 1 + Math.floor(next() * 10)]
    const { probability, rank, best } = mostLikely(logits, id, count)
    const close = (found: number, wanted: number) => assert.ok(Math.abs(found - wanted) < 1e-12, `${found}, ${wanted}`)
    assert.deepEqual(
      best.map((each) => each.id),
      sorted.slice(0, count),
    )
    for (const each of best) close(each.probability, weights[each.id] / total)
    close(probability, weights[id] / total)
    assert.equal(rank, logits.filter((logit) => logit > logits[id]).length)
  }
})
