/** Which errors are the user's to mend, and which are said to be unexpected. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { report } from '../../src/cli/errors.js'
import { FileError } from '../../src/files/index.js'
import { capture } from './run-here.js'

function reported(error: unknown): string {
  const stderr = capture(process.stderr)
  try {
    report(error)
    return stderr.text()
  } finally {
    stderr.restore()
    process.exitCode = undefined
  }
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test("a RangeError of V8's or Node's own is unexpected", () => {
  const deep = () => JSON.stringify(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))
  const works: (() => unknown)[] = [
    () => new Array(-1),
    () => new Float32Array(-1),
    () => new Uint8Array(new ArrayBuffer(4), 8),
    () => new DataView(new ArrayBuffer(4)).getInt32(8),
    () => new Uint8Array(2).set([1, 2, 3]),
    () => 'a'.repeat(2 ** 31),
    () => 'a'.repeat(-1),
    () => (1).toFixed(200),
    () => new Date(NaN).toISOString(),
    () => String.fromCodePoint(-1),
    () => BigInt(1.5),
    () => Buffer.alloc(2).readUInt32LE(0),
    deep,
  ]
  for (const work of works)
    assert.match(reported(thrownBy(work)), /\(unexpected; NEOMESH_DEBUG=stack shows where\)\n$/, String(work))
})

test("control characters of a file's content are escaped, and long lines shortened", () => {
  assert.equal(
    reported(new FileError('a\u001b[31mb\tc\u2028d\n  e', 'a')),
    'neomesh: a\\u001b[31mb\\u0009c\\u2028d\n  e\n',
  )
  const long = reported(new FileError(`begin${'x'.repeat(1e5)}end`, 'a'))
  assert.match(long, /^neomesh: beginx+ \.\.\. x+end\n$/)
  assert.ok(long.length < 1000)
})

test("line breaks of a file's content are escaped, those of lists are not", () => {
  assert.equal(reported(new FileError('a: 2 problems\n  x\ny\n  z', 'a')), 'neomesh: a: 2 problems\n  x\\ny\n  z\n')
  assert.equal(reported(Object.assign(new Error('a\nb'), { name: 'PjrtError' })), 'neomesh: a\nb\n')
})

test('a RangeError and a FileError of ours are told as they are', () => {
  assert.equal(reported(new RangeError('top-k must be >= 0 (got -1)')), 'neomesh: top-k must be >= 0 (got -1)\n')
  assert.equal(reported(new FileError('a.json is empty', 'a.json')), 'neomesh: a.json is empty\n')
})
