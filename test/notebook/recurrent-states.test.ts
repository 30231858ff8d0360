/** States of recurrent layers, as the lesson on attention shows them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recurrentStates } from '../../src/notebook/index.js'
import { lively } from '../model/support.js'
import { engine } from '../tensor/check.js'

const ids = [3, 1, 4, 1, 5, 9, 2, 6]
const statesOf = async (kind: string, changes: object = {}) => {
  const loaded = await lively({ pos_emb: 'none', attention_types: [[[kind, 'global'], 1]], ...changes })
  return recurrentStates({ engine: await engine(), ...loaded }, ids)
}
const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values))

test('each layer says what it keeps; attention keeps no state of each head', async () => {
  const states = await statesOf('delta')
  assert.deepEqual(states.layers, [{ kind: 'delta', heads: 3, keys: 8, values: 8 }, null])
  assert.equal(norm(states.of(0, 2, 0)), 0)
  assert.ok(norm(states.of(0, 2, 1)) > 0)
  assert.throws(() => states.of(1, 0, 1), { message: 'layer 1 must keep a state (got global)' })
  assert.throws(() => states.of(0, 3, 1), { message: 'head must be 0 to 2 (got 3)' })
  assert.throws(() => states.of(0, 0, 9), { message: 'tokens must be 0 to 8 (got 9)' })
  await assert.rejects(
    async () => recurrentStates({ engine: await engine(), ...(await lively()) }, new Array(25).fill(1)),
    {
      message: /the text must have 1 to 24 tokens/,
    },
  )
})

test('a token changes a delta state along one key: the difference of states has rank one', async () => {
  const states = await statesOf('delta')
  const { keys, values } = states.layers[0]!
  for (let token = 1; token <= ids.length; token++) {
    const [before, after] = [states.of(0, 0, token - 1), states.of(0, 0, token)]
    const change = after.map((value, i) => value - before[i])
    const row = (i: number) => change.subarray(i * values, (i + 1) * values)
    const largest = Array.from({ length: keys }, (_, i) => row(i)).reduce((a, b) => (norm(b) > norm(a) ? b : a))
    const unit = largest.map((value) => value / norm(largest))
    // What is left of each row without its part along the largest one.
    for (let i = 0; i < keys; i++) {
      const along = row(i).reduce((sum, value, j) => sum + value * unit[j], 0)
      const rest = row(i).map((value, j) => value - along * unit[j])
      assert.ok(norm(rest) < 1e-4 * norm(change), `token ${token}: ${norm(rest)} of ${norm(change)}`)
    }
  }
})

test('a state after a token does not depend on later ones; retention fades all of it alike', async () => {
  const states = await statesOf('retention')
  const again = await recurrentStates(
    { engine: await engine(), ...(await lively({ pos_emb: 'none', attention_types: [[['retention', 'global'], 1]] })) },
    [...ids.slice(0, 5), 60, 60],
  )
  for (const token of [1, 3, 5])
    states.of(0, 1, token).forEach((value, i) => assert.ok(Math.abs(value - again.of(0, 1, token)[i]) < 1e-5))
})
