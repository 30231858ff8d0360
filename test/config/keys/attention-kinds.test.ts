import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attentionKinds } from '../../../src/config/index.js'

test('groups are repeated in order', () => {
  assert.deepEqual(
    attentionKinds({
      n_layer: 5,
      attention_types: [
        [['global', 'local'], 2],
        [['linear'], 1],
      ],
    }),
    ['global', 'local', 'global', 'local', 'linear'],
  )
  assert.deepEqual(
    attentionKinds({
      n_layer: 1,
      attention_types: [
        [['global'], 0],
        [['none'], 1],
      ],
    }),
    ['none'],
  )
})

test('without attention_types all layers are global', () => {
  assert.deepEqual(attentionKinds({ n_layer: 3 }), ['global', 'global', 'global'])
})
