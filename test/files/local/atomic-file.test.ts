import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAtomicFile, writeFileAtomic } from '../../../src/files/index.js'
import { temporaryFolder } from '../temporary-folder.js'

test('a file is written whole and no temporary file stays', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'a.bin')
  await writeFileAtomic(path, 'old')
  await writeFileAtomic(path, new Uint8Array([1, 2, 3]))
  assert.deepEqual([...readFileSync(path)], [1, 2, 3])
  assert.deepEqual(readdirSync(folder), ['a.bin'])
})

test('until commit the old content stands; abort leaves it and nothing else', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'a.txt')
  writeFileSync(path, 'old')
  const file = await createAtomicFile(path)
  await file.write('new ')
  assert.equal(readFileSync(path, 'utf8'), 'old')
  await file.abort()
  await file.abort()
  assert.equal(readFileSync(path, 'utf8'), 'old')
  assert.deepEqual(readdirSync(folder), ['a.txt'])
})

test('pieces land in the order of the calls, also when none is awaited; the name may come last', async (t) => {
  const folder = temporaryFolder(t)
  const file = await createAtomicFile(join(folder, 'x'))
  const pieces = Array.from({ length: 50 }, (_, i) => `${i},`)
  await Promise.all(pieces.map((piece) => file.write(piece)))
  await file.commit(join(folder, 'final'))
  assert.equal(readFileSync(join(folder, 'final'), 'utf8'), pieces.join(''))
  assert.equal(file.size, pieces.join('').length)
  assert.deepEqual(readdirSync(folder), ['final'])
  await assert.rejects(file.write('more'), /write after commit/)
})

test('a symbolic link stays one: what it leads to is written, also where that is not there yet', async (t) => {
  const folder = temporaryFolder(t)
  const at = (name: string) => join(folder, name)
  mkdirSync(at('data'))
  writeFileSync(at('data/old.txt'), 'old')
  symlinkSync('data/old.txt', at('link.txt'))
  symlinkSync(at('link.txt'), at('data/second.txt'))
  symlinkSync('data/new.txt', at('dangling.txt'))
  for (const name of ['link.txt', 'data/second.txt', 'dangling.txt']) {
    await writeFileAtomic(at(name), name)
    assert.ok(lstatSync(at(name)).isSymbolicLink())
    assert.equal(readFileSync(at(name), 'utf8'), name)
  }
  assert.equal(readFileSync(at('data/old.txt'), 'utf8'), 'data/second.txt')
  assert.deepEqual(readdirSync(at('data')), ['new.txt', 'old.txt', 'second.txt'])
  symlinkSync('absent/x.txt', at('lost.txt'))
  await assert.rejects(
    writeFileAtomic(at('lost.txt'), ''),
    /^FileError: cannot write .*lost\.txt: the folder .*absent does not exist/,
  )
  symlinkSync('round.txt', at('round.txt'))
  await assert.rejects(writeFileAtomic(at('round.txt'), ''), { name: 'FileError', message: /round\.txt.*\(ELOOP\)/ })
})

test('what cannot be written is told in one line', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  mkdirSync(join(folder, 'taken'))
  const cases: [string, string, RegExp][] = [
    [
      join(folder, 'none', 'a'),
      'ENOENT',
      /^cannot write .*none\/a: the folder .*none does not exist\. Check the path, .* \(ENOENT\)$/,
    ],
    [
      join(folder, 'file', 'a'),
      'ENOTDIR',
      /^cannot write .*file\/a: part of the path is a file, not a folder\. .* \(ENOTDIR\)$/,
    ],
    [join(folder, 'taken'), 'EISDIR', /^cannot write .*taken: it is a folder\. Give the path of a file \(EISDIR\)$/],
    [join(folder, 'n'.repeat(300)), 'ENAMETOOLONG', /the name is too long/],
  ]
  for (const [path, code, message] of cases) {
    await assert.rejects(writeFileAtomic(path, 'x'), (error) => {
      assert.equal((error as { name: string }).name, 'FileError')
      assert.equal((error as { code: string }).code, code)
      assert.match((error as Error).message, message)
      assert.ok(!(error as Error).message.includes('\n'))
      return true
    })
  }
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'taken'])
})

test(
  'a read-only folder is refused',
  { skip: process.getuid?.() === 0 && 'permission bits do not bind root' },
  async (t) => {
    const folder = temporaryFolder(t)
    mkdirSync(join(folder, 'locked'), { mode: 0o500 })
    await assert.rejects(writeFileAtomic(join(folder, 'locked', 'a'), 'x'), /permission denied.*\(EACCES\)/)
    assert.ok(!existsSync(join(folder, 'locked', 'a')))
  },
)
