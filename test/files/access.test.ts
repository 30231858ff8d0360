import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isFile, isFolder } from '../../src/files/index.js'
import { temporaryFolder } from './temporary-folder.js'

test('what is not there is neither a file nor a folder', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a'), '')
  for (const path of ['b', 'a/b', 'x'.repeat(300)])
    assert.deepEqual([await isFile(join(folder, path)), await isFolder(join(folder, path))], [false, false])
  assert.equal(await isFile('a\0b'), false)
})

test(
  'a folder that may not be searched is an error, not an absence',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const folder = temporaryFolder(t)
    chmodSync(folder, 0o755)
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    writeFileSync(join(closed, 'a'), '')
    chmodSync(closed, 0o600)
    const root = process.getuid!() === 0
    if (root) process.seteuid!(65534) // permission bits do not bind root
    try {
      const wanted = { name: 'FileError', code: 'EACCES', message: /^cannot read .*: permission denied\. / }
      await assert.rejects(isFile(join(closed, 'a')), wanted)
      await assert.rejects(isFolder(join(closed, 'a')), wanted)
    } finally {
      if (root) process.seteuid!(0)
      chmodSync(closed, 0o700)
    }
  },
)
