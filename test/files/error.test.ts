import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { test } from 'node:test'
import { asFileError, FileError, withFileErrors, withFileErrorsSync } from '../../src/files/index.js'

test('a full disk', { skip: !existsSync('/dev/full') && 'there is no /dev/full here' }, () => {
  assert.throws(() => withFileErrorsSync('write', '/dev/full', () => writeFileSync('/dev/full', 'x')), {
    name: 'FileError',
    code: 'ENOSPC',
    path: '/dev/full',
    message:
      'cannot write /dev/full: no space is left on the device. Free some space or choose another folder (ENOSPC)',
  })
})

test('reading a folder and reading nothing', async () => {
  assert.throws(
    () => withFileErrorsSync('read', '.', () => readFileSync('.')),
    /^FileError: cannot read \.: it is a folder/,
  )
  await assert.rejects(
    withFileErrors('read', 'nowhere', async () => readFileSync('nowhere')),
    /cannot read nowhere: it does not exist/,
  )
})

test("codes that the table lacks keep the system's words; other errors pass through", () => {
  const odd = Object.assign(new Error("EIO: i/o error, open '.a.partial'"), {
    code: 'EIO',
    errno: -constants.errno.EIO,
  })
  assert.equal((asFileError('write', 'a', odd) as Error).message, 'cannot write a: i/o error (EIO)')
  const readOnly = Object.assign(new Error('x'), { code: 'EROFS' })
  assert.match(
    (asFileError('write', 'a', readOnly) as Error).message,
    /the file system is read-only\. Choose another folder/,
  )
  const plain = new TypeError('no')
  assert.equal(asFileError('read', 'a', plain), plain)
  const already = new FileError('m', 'p', 'ENOENT')
  assert.equal(asFileError('read', 'a', already), already)
})
