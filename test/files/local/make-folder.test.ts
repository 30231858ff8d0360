import assert from 'node:assert/strict'
import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '../../../src/files/index.js'
import { temporaryFolder } from '../temporary-folder.js'

test('folders are made down to the last; the topmost new one is told', async (t) => {
  const root = temporaryFolder(t)
  assert.equal(await makeFolder(join(root, 'a', 'b', 'c')), join(root, 'a'))
  assert.equal(await makeFolder(join(root, 'a', 'b', 'd')), join(root, 'a', 'b', 'd'))
  assert.equal(await makeFolder(join(root, 'a', 'b')), undefined)
  symlinkSync('a', join(root, 'link'))
  assert.equal(await makeFolder(join(root, 'link', 'e')), join(root, 'link', 'e'))
  assert.ok(existsSync(join(root, 'a', 'e')))
})

test('several may make the same folders at once', async (t) => {
  const path = join(temporaryFolder(t), 'a', 'b', 'c', 'd')
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)))
  assert.ok(existsSync(path))
})

test('what is in the way is named', async (t) => {
  const root = temporaryFolder(t)
  writeFileSync(join(root, 'file'), '')
  symlinkSync('nowhere', join(root, 'broken'))
  for (const name of ['file', 'broken'])
    for (const path of [join(root, name), join(root, name, 'below')])
      await assert.rejects(makeFolder(path), {
        name: 'FileError',
        message: `cannot create the folder ${path}: ${join(root, name)} exists and is not a folder. Choose another name (ENOTDIR)`,
      })
  await assert.rejects(makeFolder(join(root, 'x', 'n'.repeat(300))), /the name is too long/)
})

test('a file system that takes no folders', { skip: process.platform !== 'linux' && 'Linux only', timeout: 9000 }, () =>
  assert.rejects(
    makeFolder('/proc/nope/deeper'),
    /^FileError: cannot create the folder \/proc\/nope\/deeper: \/proc does not accept new folders\. Choose another name/,
  ),
)
