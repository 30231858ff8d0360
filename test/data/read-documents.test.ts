import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { findInputs, readDocuments } from '../../src/data/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { fixtures, goldens, randomIntegers } from './fixtures.js'

/** Whole documents of one file, and the report. */
async function read(path: string, textKey?: string) {
  const report = { inputBytes: 0, replaced: 0 }
  const texts = ['']
  let pieces = 0
  for await (const piece of readDocuments([path], { textKey, report })) {
    texts[texts.length - 1] += piece.text
    pieces++
    if (piece.last) texts.push('')
  }
  return { texts: texts.slice(0, -1), pieces, ...report }
}

test('.txt is one document a file, plain or packed', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a.txt'), '\ufeffTwo\r\nlines, é')
  writeFileSync(join(folder, 'b.txt.gz'), gzipSync('packed'))
  writeFileSync(join(folder, 'c.txt'), '')
  assert.deepEqual((await read(join(folder, 'a.txt'))).texts, ['Two\r\nlines, é'])
  assert.deepEqual((await read(join(folder, 'b.txt.gz'))).texts, ['packed'])
  assert.deepEqual((await read(join(folder, 'c.txt'))).texts, [''])
})

test('a long .txt comes in pieces that join to the text and are cut before white space', async (t) => {
  const path = join(temporaryFolder(t), 'long.txt')
  const random = randomIntegers(5)
  const words = ['a', 'é', '日本', '\u3000', '\n\n', '  ', '😀', '\u00a0x', '\t', 'word']
  let text = 'start'
  for (let i = 0; i < 2_600_000; i++) text += ` ${words[random(words.length)]}`
  writeFileSync(path, text)
  const pieces: string[] = []
  for await (const piece of readDocuments([path])) pieces.push(piece.text)
  assert.ok(pieces.length >= 3, `${pieces.length} pieces`)
  assert.ok(pieces.join('') === text)
  for (const piece of pieces.slice(1)) assert.match(piece.slice(0, 2), /^\s/)
  for (const piece of pieces.slice(0, -1)) assert.match(piece.slice(-2), /\S$/)
})

test('.jsonl is one document a line, plain or packed; blank lines are passed over', async (t) => {
  const folder = temporaryFolder(t)
  const lines = '\ufeff{"text": "one"}\n\r\n  \n{"text": "two\\n2", "meta": {"a": 1}}\r\n{"text": ""}'
  writeFileSync(join(folder, 'a.jsonl'), lines)
  writeFileSync(join(folder, 'a.jsonl.gz'), gzipSync(lines))
  for (const name of ['a.jsonl', 'a.jsonl.gz'])
    assert.deepEqual((await read(join(folder, name))).texts, ['one', 'two\n2', ''])
  writeFileSync(join(folder, 'b.jsonl'), '{"content": "x"}\n')
  assert.deepEqual((await read(join(folder, 'b.jsonl'), 'content')).texts, ['x'])
})

test('random lines survive any position of the read boundaries', async (t) => {
  const path = join(temporaryFolder(t), 'r.jsonl')
  const random = randomIntegers(9)
  const texts = Array.from({ length: 300 }, (_, i) => 'é😀x\n"\\'.repeat(random(i % 50 === 0 ? 60_000 : 300)))
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''))
  assert.deepEqual((await read(path)).texts, texts)
})

test('archives of several parts, and one that is left half read', async (t) => {
  const folder = temporaryFolder(t)
  const zstd = readFileSync(join(fixtures, 'archive', 'docs.jsonl.zst'))
  writeFileSync(join(folder, 'a.jsonl.zst'), Buffer.concat([zstd, zstd]))
  assert.equal((await read(join(folder, 'a.jsonl.zst'))).texts.length, 6)
  writeFileSync(join(folder, 'b.txt.gz'), Buffer.concat([gzipSync('one '), gzipSync('two')]))
  assert.deepEqual((await read(join(folder, 'b.txt.gz'))).texts, ['one two'])
  writeFileSync(join(folder, 'c.txt.gz'), gzipSync('hello world '.repeat(1_000_000)))
  for await (const piece of readDocuments([join(folder, 'c.txt.gz')])) {
    assert.equal(piece.last, false)
    break
  }
})

test('an archive as GPT-Neo reads it', async () => {
  const { texts } = await read(join(fixtures, 'archive', 'docs.jsonl.zst'))
  assert.deepEqual(
    texts,
    [0, 1, 2].map((i) => goldens.documents[`docs.jsonl.zst#${i}`].read),
  )
})

test('bytes that are not UTF-8 become U+FFFD and are counted; a real U+FFFD is not', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(
    join(folder, 'a.txt'),
    Buffer.concat([Buffer.from('ok \ufffd '), Buffer.from([0xff, 0x20, 0xe2, 0x82, 0x20, 0xc3])]),
  )
  assert.deepEqual(await read(join(folder, 'a.txt')), {
    texts: ['ok \ufffd \ufffd \ufffd \ufffd'],
    pieces: 1,
    inputBytes: 13,
    replaced: 3,
  })
  writeFileSync(join(folder, 'b.jsonl'), '{"text": "\\ud83d\\ude00 \\ud800!"}\n')
  const { texts, replaced } = await read(join(folder, 'b.jsonl'))
  assert.deepEqual([texts, replaced], [['😀 \ufffd!'], 1])
})

const badLines: [string, RegExp][] = [
  ['{"text": "a"}\n{"text": }\n', /bad\.jsonl:2, column 10: not valid JSON: Unexpected token '}'/],
  ['{"text": "a"}\n{"text": "cut', /bad\.jsonl:2, column \d+: not valid JSON: Unterminated string/],
  ['\n\n["a"]\n', /bad\.jsonl:3: it holds a list; each line of a \.jsonl file is an object with the key "text"/],
  ['null\n', /bad\.jsonl:1: it holds null/],
  ['{"txt": "a", "id": 3}\n', /bad\.jsonl:1: it has no key "text"; it has "txt", "id"\. Name the right one/],
  ['{}\n', /bad\.jsonl:1: it has no key "text"; it has none/],
  ['{"text": 5}\n', /bad\.jsonl:1: key "text" holds a number, not text/],
  ['{"text": null}\n', /bad\.jsonl:1: key "text" holds null, not text/],
]
for (const [content, message] of badLines) {
  test(`.jsonl refused: ${JSON.stringify(content)}`, async (t) => {
    const path = join(temporaryFolder(t), 'bad.jsonl')
    writeFileSync(path, content)
    await assert.rejects(read(path), { name: 'DataError', message })
  })
}

test('archives that are corrupt or cut off', async (t) => {
  const folder = temporaryFolder(t)
  const packed = gzipSync('some text '.repeat(1000))
  const write = (name: string, bytes: Buffer) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  await assert.rejects(
    read(write('a.txt.gz', packed.subarray(0, packed.length - 9))),
    /a\.txt\.gz: the gzip archive is corrupt or cut off \(unexpected end of file\)/,
  )
  await assert.rejects(
    read(write('b.txt.gz', Buffer.from('no archive'))),
    /b\.txt\.gz: the gzip archive is corrupt or cut off \(incorrect header check\)/,
  )
  await assert.rejects(
    read(write('c.txt.zst', Buffer.from('no archive'))),
    /c\.txt\.zst: the zstd archive is corrupt or cut off/,
  )
  const zstd = readFileSync(join(fixtures, 'archive', 'docs.jsonl.zst'))
  await assert.rejects(
    read(write('d.jsonl.zst', zstd.subarray(0, 60))),
    /d\.jsonl\.zst: the zstd archive is (corrupt or )?cut off/,
  )
  await assert.rejects(read(join(folder, 'none.txt.gz')), /FileError: cannot read .*none\.txt\.gz: it does not exist/)
})

test('inputs: files, folders and patterns, each file once, in natural order', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'sub'))
  for (const name of ['a10.txt', 'a9.txt', 'sub/b.jsonl.gz', 'notes.md']) writeFileSync(join(folder, name), '')
  const names = (await findInputs([folder, join(folder, 'a*.txt')])).map((path) => path.slice(folder.length + 1))
  assert.deepEqual(names, ['a9.txt', 'a10.txt', 'sub/b.jsonl.gz'])
  await assert.rejects(
    findInputs(join(folder, '*.md')),
    /no file of a known kind \(first: .*notes\.md\)\. Known are \.txt, \.txt\.gz, \.txt\.zst, \.jsonl/,
  )
  await assert.rejects(findInputs(join(folder, 'notes.md')), /no file of a known kind/)
  mkdirSync(join(folder, 'odd [1]'))
  writeFileSync(join(folder, 'odd [1]', 'c.txt'), '')
  assert.equal((await findInputs(join(folder, 'odd [1]'))).length, 1)
  assert.equal((await findInputs(join(folder, 'odd [1]', 'c.txt'))).length, 1)
  await assert.rejects(findInputs(join(folder, 'x*')), /x\*: no file is there/)
  await assert.rejects(findInputs(join(folder, 'none')), /cannot read .*none: it does not exist/)
  await assert.rejects(findInputs([]), /no input files were given/)
})
