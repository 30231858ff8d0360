import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { globFiles, listFiles } from '../../src/files/index.js'
import { temporaryFolder } from './temporary-folder.js'

test('patterns and folders give files in natural order', async (t) => {
  const root = temporaryFolder(t)
  for (const folder of ['a', 'a/b', '.git']) mkdirSync(join(root, folder))
  for (const file of [
    'x_10.txt',
    'x_9.txt',
    'y(1).txt',
    '.hidden.txt',
    'a/z.txt',
    'a/b/w.txt',
    'a/b/w.json',
    '.git/q.txt',
  ]) {
    writeFileSync(join(root, file), '')
  }
  const glob = async (pattern: string) =>
    (await globFiles(join(root, pattern))).map((path) => path.slice(root.length + 1))
  assert.deepEqual(await glob('*.txt'), ['x_9.txt', 'x_10.txt', 'y(1).txt'])
  assert.deepEqual(await glob('x_?.txt'), ['x_9.txt'])
  assert.deepEqual(await glob('[!x]*.txt'), ['y(1).txt'])
  assert.deepEqual(await glob('y(1).t*'), ['y(1).txt'])
  assert.deepEqual(await glob('**/*.txt'), ['a/b/w.txt', 'a/z.txt', 'x_9.txt', 'x_10.txt', 'y(1).txt'])
  assert.deepEqual(await glob('a/*/w.*'), ['a/b/w.json', 'a/b/w.txt'])
  assert.deepEqual(await glob('.h*'), ['.hidden.txt'])
  assert.deepEqual(await glob('x_9.txt'), ['x_9.txt'])
  assert.deepEqual(await glob('none/*.txt'), [])
  assert.deepEqual(await glob('x_9.txt/*'), [])
  assert.equal((await listFiles(root)).length, 6)
  await assert.rejects(listFiles(join(root, 'none')), /FileError: cannot list the folder .*none: it does not exist/)
  await assert.rejects(glob('[z-a]*.txt'), /the pattern \[z-a\]\*\.txt must have ranges from low to high/)
})
