import assert from 'node:assert/strict'
import { test } from 'node:test'
import { debug, jit } from '../../src/engine/index.js'
import { dim, spec, type Tensor } from '../../src/tensor/index.js'
import { engine } from '../tensor/check.js'

test('NEOMESH_DEBUG shows what it names, and nothing else is made', async (context) => {
  const on = await engine()
  const said: string[] = []
  context.mock.method(process.stderr, 'write', (text: string) => (said.push(text), true))
  const before = process.env.NEOMESH_DEBUG
  try {
    process.env.NEOMESH_DEBUG = 'program,hlo,compile'
    const twice = jit(on, (x: Tensor) => x.add(x), { name: 'twice' })
    await twice.prepare(spec([dim('n', 3)]))
    delete process.env.NEOMESH_DEBUG
    debug('data', () => assert.fail('not asked for'))
  } finally {
    if (before !== undefined) process.env.NEOMESH_DEBUG = before
  }
  assert.equal(said.length, 3)
  assert.match(said[0], /^\[program\] twice\(a: f32 \[n 3\]\) \{\n {2}b = add a a/)
  assert.match(said[1], /^\[hlo\] twice\nmodule @?\S*[^]*stablehlo\.add/)
  assert.match(said[2], /^\[compile\] twice: 1 operations, traced in [\d.]+ s, (compiled|loaded from the cache) in /)
})
