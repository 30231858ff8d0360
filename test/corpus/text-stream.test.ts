import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { newReport, readDocuments } from '../../src/corpus/index.js'
import { trainTokenizer } from '../../src/tokenizer/index.js'
import { randomIntegers } from '../data/fixtures.js'
import { temporaryFolder } from '../files/temporary-folder.js'

const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'utf-32le', 'utf-32be'] as const

function encoded(text: string, encoding: (typeof encodings)[number]): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text)
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le')
  if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16()
  const points = Uint32Array.from(text, (character) => character.codePointAt(0)!)
  const bytes = Buffer.from(points.buffer)
  return encoding === 'utf-32le' ? bytes : bytes.swap32()
}

async function textOf(t: TestContext, name: string, bytes: Buffer): Promise<{ text: string; replaced: number }> {
  const path = join(temporaryFolder(t), name)
  writeFileSync(path, bytes)
  const report = newReport()
  let text = ''
  for await (const piece of readDocuments([path], { report })) text += piece.text
  return { text, replaced: report.replaced }
}

const texts = {
  English: 'It was the best of times, it was the worst of times.\r\n'.repeat(3),
  Russian: 'Все счастливые семьи похожи друг на друга.\n'.repeat(3),
  Chinese: '道可道，非常道。名可名，非常名。\n'.repeat(3),
  'mixed 😀': 'naïve 😀 日本 é\n'.repeat(5_000),
}
for (const encoding of encodings) {
  test(`${encoding}: with a mark and without, plain, packed and in .jsonl, to prepare and to train on`, async (t) => {
    for (const [language, text] of Object.entries(texts)) {
      for (const mark of ['\ufeff', '']) {
        const bytes = encoded(mark + text, encoding)
        const what = `${language}, ${mark === '' ? 'without' : 'with'} a mark`
        assert.deepEqual(await textOf(t, 'a.txt', bytes), { text, replaced: 0 }, what)
        assert.deepEqual(await textOf(t, 'a.md.gz', gzipSync(bytes)), { text, replaced: 0 }, what)
        const line = encoded(`${mark}${JSON.stringify({ text })}\n`, encoding)
        assert.deepEqual(await textOf(t, 'a.jsonl', line), { text, replaced: 0 }, what)
        const folder = temporaryFolder(t)
        const paths = { plain: join(folder, 'a.txt'), lines: join(folder, 'b.jsonl') }
        writeFileSync(paths.plain, bytes)
        writeFileSync(paths.lines, line)
        const options = { vocabSize: 290 }
        // Of a text file each line is a text of its own.
        const lines = text.match(/[^\n]*\n/g)!
        const expected = await trainTokenizer({ texts: lines, ...options })
        assert.deepEqual((await trainTokenizer({ files: [paths.plain], ...options })).parts, expected.parts, what)
        const whole = await trainTokenizer({ texts: [text], ...options })
        assert.deepEqual((await trainTokenizer({ files: [paths.lines], ...options })).parts, whole.parts, what)
      }
    }
  })
}

test('invalid UTF-16 and UTF-32 become U+FFFD and are counted', async (t) => {
  const broken = Buffer.concat([
    encoded('\ufeffa', 'utf-16le'),
    Buffer.of(0, 0xd8),
    encoded('b', 'utf-16le'),
    Buffer.of(9),
  ])
  assert.deepEqual(await textOf(t, 'a.txt', broken), { text: 'a\ufffdb\ufffd', replaced: 2 })
  const wide = Buffer.concat([encoded('\ufeffa', 'utf-32le'), Buffer.of(0, 0, 0x11, 0), Buffer.of(0, 0xd8, 0, 0)])
  assert.deepEqual(await textOf(t, 'b.txt', wide), { text: 'a\ufffd\ufffd', replaced: 2 })
})

test('what is not UTF-16 is not taken for it', async (t) => {
  const text = `${'plain words '.repeat(30)}\0${'and a NUL'.repeat(20)}`
  assert.deepEqual(await textOf(t, 'a.txt', Buffer.from(text)), { text, replaced: 0 })
  const latin = Buffer.from('d\xe9j\xe0 vu, na\xefve caf\xe9s\n'.repeat(20), 'latin1')
  assert.equal((await textOf(t, 'b.txt', latin)).replaced, 80)
  // Text in small pieces of memory between NULs, as in a core dump or a data base.
  const padded = Buffer.from('abc\0\0\0de\0\0fabc\0de'.repeat(50))
  await assert.rejects(
    textOf(t, 'c.txt', padded),
    /c\.txt must be text \(got 35% NUL bytes\)\. If it is text, .*`iconv -f UTF-16 -t UTF-8`/,
  )
  const random = randomIntegers(3)
  for (let round = 0; round < 20; round++) {
    const numbers = Int16Array.from({ length: 300 }, () => random(4000) - 2000)
    await textOf(t, 'd.txt', Buffer.from(numbers.buffer)).then(
      ({ replaced }) => assert.ok(replaced > 50),
      (error: Error) => assert.match(error.message, /must be text/),
    )
  }
})

test('a picture or a program is refused, whatever its name', async (t) => {
  const random = randomIntegers(29)
  for (const size of [200, 5000, 200_000]) {
    const bytes = Buffer.from(Array.from({ length: size }, () => random(256)))
    for (const name of ['a.txt', 'a.png', 'a'])
      await assert.rejects(
        textOf(t, name, bytes),
        /must be text \(got binary data\)\. Convert it to UTF-8 text, or leave it/,
      )
  }
})

test('archives and others under the name of a text are recognised by their first bytes', async (t) => {
  for (const [bytes, message] of [
    [gzipSync('text'), /a\.txt must be text \(got a gzip archive\)\. Name it with \.gz/],
    [Buffer.from('%PDF-1.7\n'), /\(got a PDF\)\. Convert it with `pdftotext`/],
    [Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), /Git LFS pointer.*`git lfs pull`/],
    [Buffer.from('PK\x03\x04abc'), /zip archive/],
  ] as const)
    await assert.rejects(textOf(t, 'a.txt', bytes), { name: 'DataError', message })
})
