import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sha256, sha256File } from '../../src/files/index.js'
import { temporaryFolder } from './temporary-folder.js'

/** FIPS 180-2, appendix B.1. */
test('the vector of FIPS 180-2, of text and of a file; a missing file', async (t) => {
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  assert.equal(sha256('abc'), expected)
  const path = join(temporaryFolder(t), 'abc')
  writeFileSync(path, 'abc')
  assert.equal(await sha256File(path), expected)
  writeFileSync(path, Buffer.alloc(3_000_000, 1))
  assert.equal(await sha256File(path), sha256(Buffer.alloc(3_000_000, 1)))
  await assert.rejects(sha256File(`${path}x`), /FileError: cannot read .*abcx: it does not exist/)
})
