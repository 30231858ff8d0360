import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stepsFor } from '../../src/notebook/index.js'

test('a lesson makes fewer steps on an engine with a limit, and says so', (t) => {
  const log = t.mock.method(console, 'log', () => {})
  assert.equal(stepsFor({ name: 'xla' }, 300, { host: 150 }), 300)
  assert.equal(stepsFor({ name: 'host' }, 20, { host: 150 }), 20)
  assert.equal(log.mock.callCount(), 0)
  assert.equal(stepsFor({ name: 'host' }, 300, { host: 150 }), 150)
  assert.match(
    String(log.mock.calls[0].arguments[0]),
    /^150 steps instead of 300: the engine host is slower than XLA\./,
  )
})
