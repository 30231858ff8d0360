import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32c, maskCrc, maskedCrc32c, sha256, sha256File } from '../../src/files/index.js'
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

/** RFC 3720 appendix B.4. */
test('the vectors of RFC 3720', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c)
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(new Uint8Array(0)), 0)
})

test('any split into parts gives the CRC of the whole, which a bitwise loop confirms', () => {
  const bytes = Uint8Array.from({ length: 103 }, (_, i) => (i * 37 + 11) & 255)
  let slow = 0xffffffff
  for (const byte of bytes) {
    slow ^= byte
    for (let bit = 0; bit < 8; bit++) slow = slow & 1 ? (slow >>> 1) ^ 0x82f63b78 : slow >>> 1
  }
  assert.equal(crc32c(bytes), ~slow >>> 0)
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.equal(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut)), crc32c(bytes))
  }
})

test('the mask: as in a TFRecord that TensorFlow wrote (length 34)', () => {
  const length = Buffer.from('2200000000000000', 'hex')
  assert.equal(maskedCrc32c(length), 0xfd3d1178)
  assert.equal(maskCrc(0), 0xa282ead8)
})
