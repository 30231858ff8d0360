import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FileError, writeFileAtomic, writeFolderAtomic } from '../../src/files/index.js'
import { anotherProcess } from './another-process.js'
import { temporaryFolder } from './temporary-folder.js'

const mayReplace = (name: string) => name === 'a'
const fill = (text: string) => async (workPath: string) => writeFileSync(join(workPath, 'a'), text)

test('a folder appears when it is full, also below folders not there yet and in place of an empty one', async (t) => {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'empty'))
  for (const path of [join(root, 'deep', 'er', 'new'), join(root, 'empty')]) {
    await writeFolderAtomic(path, { mayReplace }, fill('1'))
    assert.deepEqual(readdirSync(path), ['a'])
  }
  assert.deepEqual(readdirSync(root).sort(), ['deep', 'empty'])
})

test('a symbolic link to a folder stays one, and the folder is filled', async (t) => {
  const home = temporaryFolder(t)
  mkdirSync(join(home, 'large'))
  symlinkSync('large', join(home, 'out'))
  await writeFolderAtomic(join(home, 'out'), { mayReplace: () => false }, async (folder) =>
    writeFileSync(join(folder, 'a'), '1'),
  )
  assert.ok(lstatSync(join(home, 'out')).isSymbolicLink())
  assert.deepEqual(readdirSync(join(home, 'large')), ['a'])
  assert.deepEqual(readdirSync(home), ['large', 'out'])
})

test('a failure leaves nothing, and names the file that was asked for', async (t) => {
  const root = temporaryFolder(t)
  const path = join(root, 'not', 'there', 'x')
  await assert.rejects(
    writeFolderAtomic(path, { mayReplace }, async (workPath) => {
      writeFileSync(join(workPath, 'a'), '1')
      await writeFileAtomic(join(workPath, 'a', 'below'), '2')
    }),
    (error: FileError) => {
      assert.match(error.message, /^cannot write .*\/not\/there\/x\/a\/below: part of the path is a file/)
      assert.doesNotMatch(error.message, /partial/)
      assert.equal(error.path, join(path, 'a', 'below'))
      return true
    },
  )
  assert.deepEqual(readdirSync(root), [])
})

test('what is there is kept: a file, entries, entries of others even with overwrite', async (t) => {
  const root = temporaryFolder(t)
  writeFileSync(join(root, 'file'), '')
  const full = join(root, 'full')
  mkdirSync(full)
  writeFileSync(join(full, 'a'), 'old')
  const refused = (path: string, overwrite: boolean, message: RegExp) =>
    assert.rejects(
      writeFolderAtomic(path, { mayReplace, overwrite }, () => assert.fail('must not begin')),
      message,
    )
  await refused(join(root, 'file'), false, /FileError: .*file: a file exists there/)
  await refused(full, false, /it exists and is not empty \(it has "a"\)\. Choose another folder, or remove/)
  await writeFolderAtomic(full, { mayReplace, overwrite: true }, async (workPath) => {
    await fill('new')(workPath)
    assert.equal(readFileSync(join(full, 'a'), 'utf8'), 'old')
  })
  assert.equal(readFileSync(join(full, 'a'), 'utf8'), 'new')
  writeFileSync(join(full, 'thesis.doc'), 'precious')
  await refused(full, true, /it has "thesis\.doc", which this command did not write/)
  assert.deepEqual(readdirSync(root).sort(), ['file', 'full'])
})

test('the leftovers of a dead process are removed, those of a live one are not', async (t) => {
  const root = temporaryFolder(t)
  const other = await anotherProcess(
    t,
    `import { writeFolderAtomic } from FILES
     await writeFolderAtomic(${JSON.stringify(join(root, 'x'))}, { mayReplace: () => true }, () => new Promise(() => say('began')))`,
  )
  assert.equal(await other.said(), 'began')
  const hidden = () => readdirSync(root).filter((name) => name.startsWith('.'))
  const [lock, partial] = hidden().sort()
  assert.match(`${lock} ${partial}`, /^\.x\.([0-9a-f]{12})\.lock \.x\.\1\.partial$/)
  await writeFolderAtomic(join(root, 'x'), { mayReplace }, fill('1'))
  assert.deepEqual(hidden().sort(), [lock, partial])
  await other.kill()
  assert.deepEqual(hidden().sort(), [lock, partial])
  await writeFolderAtomic(join(root, 'x'), { mayReplace, overwrite: true }, fill('2'))
  assert.deepEqual(readdirSync(root), ['x'])
})

test('a process that died between the two renames has lost nothing', async (t) => {
  const root = temporaryFolder(t)
  const x = join(root, 'x')
  await writeFolderAtomic(x, { mayReplace }, fill('old'))
  renameSync(x, join(root, '.x.0123456789ab.old'))
  mkdirSync(join(root, '.x.0123456789ab.partial'))
  writeFileSync(join(root, '.x.0123456789ab.lock'), '')
  await assert.rejects(writeFolderAtomic(x, { mayReplace }, fill('new')), /it exists and is not empty/)
  assert.equal(readFileSync(join(x, 'a'), 'utf8'), 'old')
  assert.deepEqual(readdirSync(root), ['x'])
})
