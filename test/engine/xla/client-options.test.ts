import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineError } from '../../../src/engine/index.js'
import { clientOptions } from '../../../src/engine/xla/client-options.js'

test('a CPU has virtual devices and takes nothing from the variables of GPUs', () => {
  assert.deepEqual(clientOptions({ deviceCount: 4 }, { XLA_CLIENT_MEM_FRACTION: '0.5' }), { cpu_device_count: 4 })
})

test("a GPU's memory is what JAX's variables say, and the caller before them", () => {
  const environment = {
    XLA_PYTHON_CLIENT_MEM_FRACTION: '.4',
    XLA_PYTHON_CLIENT_PREALLOCATE: 'False',
    XLA_PYTHON_CLIENT_ALLOCATOR: 'platform',
  }
  const cuda = (client = {}, more = {}) => clientOptions({ platform: 'cuda', client }, { ...environment, ...more })
  assert.deepEqual(cuda(), { memory_fraction: 0.4, preallocate: false, allocator: 'platform' })
  assert.equal(cuda({ memory_fraction: 0.9 }).memory_fraction, 0.9)
  assert.equal(cuda({}, { XLA_CLIENT_MEM_FRACTION: '0.6' }).memory_fraction, 0.6, 'the present name before the former')
  assert.deepEqual(clientOptions({ platform: 'cuda' }, {}), {})
  assert.deepEqual(clientOptions({ platform: 'tpu' }, environment), {})
})

test('all of the memory stays a fraction, which the client takes as such', () => {
  const { memory_fraction: fraction } = clientOptions({ platform: 'cuda' }, { XLA_CLIENT_MEM_FRACTION: '1' })
  assert.ok(typeof fraction === 'number' && !Number.isInteger(Math.fround(fraction)) && fraction > 0.999)
})

for (const [variable, values] of Object.entries({
  XLA_CLIENT_MEM_FRACTION: ['', '0', '-0.1', '1.5', '90%', 'NaN'],
  XLA_PYTHON_CLIENT_PREALLOCATE: ['maybe', ''],
  XLA_PYTHON_CLIENT_ALLOCATOR: ['malloc', ''],
}))
  test(`${variable} with other values is refused in one line`, () => {
    for (const value of values)
      assert.throws(
        () => clientOptions({ platform: 'cuda' }, { [variable]: value }),
        (error) => {
          assert.ok(error instanceof EngineError)
          assert.match(
            error.message,
            new RegExp(`^the environment variable ${variable} must be .* \\(got ".*"\\)\\. Set it to [^\\n]*$`),
          )
          return true
        },
      )
  })
