/** Earlier names of exports. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as neo from '../src/index.js'

test('an earlier name is the same function', () => {
  assert.equal(neo.surroundings, neo.environment)
})
