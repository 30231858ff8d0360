import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attentionMap, attentionMaps, DISPLAY } from '../../src/notebook/index.js'
import { lively } from '../model/support.js'
import { engine } from '../tensor/check.js'

const loaded = async (changes: object) => ({ engine: await engine(), ...(await lively({ n_layer: 2, ...changes })) })

test('a map of any length is drawn', () => {
  for (const count of [1, 340, 700]) {
    const weights = new Float32Array(count * count).fill(1 / count)
    const labels = Array.from({ length: count }, (_, i) => `${i}`)
    const bundle = attentionMap({ title: 'head', weights, labels })[DISPLAY]() as Record<string, string>
    assert.match(bundle['image/svg+xml'], /<path/)
    assert.equal(bundle['text/plain'], `head: ${count} x ${count} weights`)
  }
})

test('learned slots are the first columns of a global layer, and rows with them sum to 1', async () => {
  const attention_types = [[['global', 'local'], 1]]
  const maps = await attentionMaps(await loaded({ num_mem_kv: 3, attention_types }), [3, 1, 4, 1, 5])
  assert.deepEqual(
    maps.layers.map(({ kind, slots }) => [kind, slots]),
    [
      ['global', 3],
      ['local', 0],
    ],
  )
  for (const [layer, columns] of [8, 5].entries()) {
    const weights = maps.of(layer, 1)!
    assert.equal(weights.length, 5 * columns)
    for (let row = 0; row < 5; row++) {
      const total = weights.subarray(row * columns, (row + 1) * columns).reduce((sum, x) => sum + x, 0)
      assert.ok(Math.abs(total - 1) < 1e-5, `row ${row} sums to ${total}`)
    }
  }
  assert.ok(
    maps
      .of(0, 0)!
      .subarray(0, 3)
      .some((weight) => weight > 0.01),
  )
  const labels = ['a', 'b', 'c', 'd', 'e']
  const bundle = attentionMap({ title: 't', weights: maps.of(0, 0)!, labels })[DISPLAY]() as Record<string, string>
  assert.match(bundle['image/svg+xml'], /slot␣2/)
  assert.equal(bundle['text/plain'], 't: 5 x 8 weights')
})

test('a model of masked tokens shows attention to both sides', async () => {
  const maps = await attentionMaps(await loaded({ mlm_training: true, mlm_mask_id: 60 }), [3, 1, 4])
  assert.ok(maps.of(0, 0)!.every((weight) => weight > 0))
})
