import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { describePassedOver, findTexts } from '../../src/corpus/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'

/** A folder with these files, and what is found in it, by names relative to it. */
async function found(t: TestContext, files: Record<string, string | Uint8Array>, pattern = '') {
  const folder = temporaryFolder(t)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const { files: texts, passedOver } = await findTexts(join(folder, pattern))
  const names = (paths: readonly string[]) => paths.map((path) => path.slice(folder.length + 1))
  return { texts: names(texts), passedOver: names(passedOver) }
}

const binary = Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 7919) & 255))

test('files, folders and patterns, each file once, in natural order', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'sub'))
  for (const name of ['a10.txt', 'a9.txt', 'sub/b.jsonl.gz', 'image.png']) writeFileSync(join(folder, name), binary)
  const { files } = await findTexts([folder, join(folder, 'a*.txt')])
  assert.deepEqual(
    files.map((path) => path.slice(folder.length + 1)),
    ['a9.txt', 'a10.txt', 'sub/b.jsonl.gz'],
  )
  mkdirSync(join(folder, 'odd [1]'))
  writeFileSync(join(folder, 'odd [1]', 'c.txt'), '')
  assert.equal((await findTexts(join(folder, 'odd [1]'))).files.length, 1)
  assert.equal((await findTexts(join(folder, 'odd [1]', 'c.txt'))).files.length, 1)
  await assert.rejects(
    findTexts(join(folder, '*.png')),
    /must have text files \(\.txt, .*\)\. Passed over, not text: 1 file/,
  )
  await assert.rejects(findTexts(join(folder, 'x*')), /x\*: no file is there/)
  await assert.rejects(findTexts(join(folder, 'none')), /cannot read .*none: it does not exist/)
  await assert.rejects(findTexts([]), /no input files were given/)
})

test('text is read whatever its name, other files are passed over and named', async (t) => {
  const files = {
    'a.txt': 'a',
    'B.TXT': 'b',
    'c.md': 'c',
    'd.text': 'd',
    'f.JSONL.GZ': gzipSync('{"text": "f"}'),
    README: 'a text without an ending',
    'chapter.1': 'naïve café',
    'latin.1': Buffer.from('d\xe9j\xe0 vu', 'latin1'),
    'wide.log': Buffer.from('\ufeffwide', 'utf16le'),
    'packed.gz': gzipSync('text, packed'),
    'e.txt.xz': 'x',
    'g.pdf': '%PDF-1.4',
    'h.png': binary,
    i: binary,
    'j.gz': gzipSync(binary),
    'k.json': '[1]',
    'l.tar.gz': gzipSync('x'),
    '.hidden.txt': 'h',
  }
  const expected = {
    texts: [
      'a.txt',
      'B.TXT',
      'c.md',
      'chapter.1',
      'd.text',
      'f.JSONL.GZ',
      'latin.1',
      'packed.gz',
      'README',
      'wide.log',
    ],
    passedOver: ['e.txt.xz', 'g.pdf', 'h.png', 'i', 'j.gz', 'k.json', 'l.tar.gz'],
  }
  assert.deepEqual(await found(t, files), expected)
  assert.deepEqual(await found(t, files, '*'), expected)
})

test('a line says how many files were passed over, of which endings, and what to do', () => {
  assert.equal(
    describePassedOver(['t/a.png', 't/e.txt.xz', 't/f.xz', 't/g', 't/h.tar.gz']),
    'passed over, not text: 5 files (2 .xz, 1 .png, 1 without an ending, 1 .tar.gz), such as t/a.png. ' +
      'To read them: unpack .xz with `xz -d`; unpack .tar with `tar -xf`',
  )
  assert.match(
    describePassedOver(Array.from({ length: 2000 }, (_, i) => `x.e${i % 9}`)),
    /^passed over, not text: 2,000 files \(223 \.e0, .*, 3 more endings\), such as x\.e0$/,
  )
})

test('a file named by itself that cannot be read is an error with a remedy', async (t) => {
  const folder = temporaryFolder(t)
  for (const [name, message] of [
    ['a.txt.xz', /a\.txt\.xz must be text or JSON lines: unpack \.xz with `xz -d`/],
    ['a.pdf', /a\.pdf must be text or JSON lines: convert \.pdf with `pdftotext`/],
    ['a.json', /a\.json must be text or JSON lines: rename \.json to \.jsonl/],
    ['a.yaml', /a\.yaml must be text or JSON lines: rename it to \.txt to read it as plain text/],
  ] as const) {
    writeFileSync(join(folder, name), 'x')
    await assert.rejects(findTexts(join(folder, name)), { name: 'DataError', message })
  }
})

test('links to folders are followed, each folder once, and circles end', { timeout: 20_000 }, async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['real/sub', 'linked', 'elsewhere/deep']) mkdirSync(join(folder, name), { recursive: true })
  for (const name of ['real/sub/b.txt', 'linked/a.txt', 'elsewhere/deep/c.txt']) writeFileSync(join(folder, name), 'x')
  symlinkSync('../real/sub', join(folder, 'linked/sub'))
  symlinkSync('../elsewhere', join(folder, 'linked/away'))
  symlinkSync('../elsewhere/deep', join(folder, 'linked/again'))
  symlinkSync('.', join(folder, 'linked/self'))
  symlinkSync('..', join(folder, 'linked/up'))
  symlinkSync('../linked', join(folder, 'elsewhere/back'))
  symlinkSync('gone.txt', join(folder, 'linked/broken.txt'))
  const { files, passedOver } = await findTexts(join(folder, 'linked'))
  const names = files.map((path) => path.slice(folder.length + 1))
  assert.deepEqual(names, ['linked/a.txt', 'linked/again/c.txt', 'linked/sub/b.txt'])
  assert.deepEqual(passedOver, [join(folder, 'linked/broken.txt')])
})
