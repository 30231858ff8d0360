import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uncompressSnappy } from '../../../src/convert/tensorflow/snappy.js'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const text = (hex: string) => Buffer.from(uncompressSnappy(bytes(hex))).toString()

test("what Google's library compressed comes back", () => {
  assert.equal(text('00'), '')
  assert.equal(text('010061'), 'a')
  assert.equal(
    text('2c38677074322f68302f6174746e2f7120090f0031360f001c322f6174746e2f71'),
    'gpt2/h0/attn/q gpt2/h1/attn/q gpt2/h2/attn/q',
  )
  assert.equal(text('50046162fe0200360200'), 'ab'.repeat(40))
})

test('a long literal, and a copy from four bytes of offset', () => {
  const literal = Buffer.alloc(300, 'x')
  const data = Buffer.concat([bytes('ad02f42b01'), literal, bytes('032c010000')])
  assert.deepEqual(Buffer.from(uncompressSnappy(data)), Buffer.alloc(301, 'x'))
})

test('damaged data is refused', () => {
  const cases: [hex: string, message: RegExp][] = [
    ['050061', /ends at byte 1 of 5/],
    ['0504', /cut off/],
    ['020461', /cut off/],
    ['01046162', /goes beyond its length, 1/],
    ['0500610102', /copies from 2 bytes before byte 1/],
    ['0500610100', /copies from 0 bytes/],
    ['ffffffff0f00', /cannot hold 4294967295/],
  ]
  for (const [hex, message] of cases)
    assert.throws(() => uncompressSnappy(bytes(hex)), { name: 'RangeError', message }, hex)
})
