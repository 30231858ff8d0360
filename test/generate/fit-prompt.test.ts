import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitPrompt } from '../../src/generate/index.js'

const ids = (count: number) => Array.from({ length: count }, (_, i) => i)

test('a prompt that fits stays; a longer one keeps its end, with room for new tokens, at most half of the context', () => {
  assert.deepEqual(fitPrompt(ids(15), 16, 100), { ids: ids(15), dropped: 0 })
  assert.deepEqual(fitPrompt(ids(16), 16, 4), { ids: ids(16).slice(4), dropped: 4 })
  assert.deepEqual(fitPrompt(ids(100), 16, 100), { ids: ids(100).slice(92), dropped: 92 })
  assert.deepEqual(fitPrompt(ids(5), 2, 100), { ids: [4], dropped: 4 })
})
