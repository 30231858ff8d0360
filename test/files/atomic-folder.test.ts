import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAtomicFolder } from '../../src/files/index.js'
import { temporaryFolder } from './temporary-folder.js'

const mayReplace = (name: string) => name === 'a'

test('a folder appears on commit, also below folders not there yet and in place of an empty one', async (t) => {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'empty'))
  for (const path of [join(root, 'deep', 'er', 'new'), join(root, 'empty')]) {
    const folder = await createAtomicFolder(path, { mayReplace })
    writeFileSync(join(folder.workPath, 'a'), '1')
    await folder.commit()
    await folder.abort()
    assert.deepEqual(readdirSync(path), ['a'])
  }
  assert.deepEqual(readdirSync(root).sort(), ['deep', 'empty'])
})

test('abort leaves nothing', async (t) => {
  const root = temporaryFolder(t)
  const folder = await createAtomicFolder(join(root, 'x'), { mayReplace })
  writeFileSync(join(folder.workPath, 'a'), '1')
  await folder.abort()
  assert.deepEqual(readdirSync(root), [])
})

test('what is there is kept: a file, entries, entries of others even with overwrite', async (t) => {
  const root = temporaryFolder(t)
  writeFileSync(join(root, 'file'), '')
  mkdirSync(join(root, 'full'))
  writeFileSync(join(root, 'full', 'a'), 'old')
  await assert.rejects(
    createAtomicFolder(join(root, 'file'), { mayReplace }),
    /FileError: .*file: a file is in the way/,
  )
  await assert.rejects(
    createAtomicFolder(join(root, 'full'), { mayReplace }),
    /it is there and not empty \(it has "a"\)\. Choose another folder, or allow/,
  )
  const folder = await createAtomicFolder(join(root, 'full'), { mayReplace, overwrite: true })
  writeFileSync(join(folder.workPath, 'a'), 'new')
  assert.equal(readFileSync(join(root, 'full', 'a'), 'utf8'), 'old')
  await folder.commit()
  assert.equal(readFileSync(join(root, 'full', 'a'), 'utf8'), 'new')
  writeFileSync(join(root, 'full', 'thesis.doc'), 'precious')
  await assert.rejects(
    createAtomicFolder(join(root, 'full'), { mayReplace, overwrite: true }),
    /it holds "thesis\.doc", which was not written/,
  )
  assert.deepEqual(readdirSync(root).sort(), ['file', 'full'])
})
