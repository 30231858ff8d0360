import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { describeSkippedLines, newReport, readDocuments } from '../../src/corpus/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { fixtures, goldens, randomIntegers } from '../data/fixtures.js'

/** Whole documents of one file, and the report. */
async function read(path: string, textKey?: string) {
  const report = newReport()
  const texts = ['']
  let pieces = 0
  for await (const piece of readDocuments([path], { textKey, report })) {
    texts[texts.length - 1] += piece.text
    pieces++
    if (piece.last) texts.push('')
  }
  const { inputBytes, replaced } = report
  return { texts: texts.slice(0, -1), pieces, inputBytes, replaced }
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
  ['\n\n["a"]\n', /bad\.jsonl:3: the line must be an object with the key "text" \(got a list\)/],
  ['null\n', /bad\.jsonl:1: the line must be an object .*\(got null\)/],
  [
    '{"txt": "a", "id": 3}\n',
    /bad\.jsonl:1: the line must have the key "text" \(got "txt", "id"\)\. Name .* with --text-key/,
  ],
  ['{}\n', /bad\.jsonl:1: the line must have the key "text" \(got no keys\)/],
  ['{"text": 5}\n', /bad\.jsonl:1: key "text" must hold text \(got a number\)/],
  ['{"text": null}\n', /bad\.jsonl:1: key "text" must hold text \(got null\)/],
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

test('text without white space is read in linear time, cut between characters', async (t) => {
  const path = join(temporaryFolder(t), 'a.txt')
  writeFileSync(path, 'é'.repeat(70 << 19))
  const { texts, pieces } = await read(path)
  assert.deepEqual([texts[0].length, pieces], [70 << 19, 2])
  assert.doesNotMatch(texts[0], /\ufffd/)
})

test('bad lines are skipped on request, and the first ten are kept', async (t) => {
  const path = join(temporaryFolder(t), 'a.jsonl')
  const lines = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? JSON.stringify({ text: `${i}` }) : '{"body": "x"}'))
  writeFileSync(path, [...lines, '{"text": "cut'].join('\n'))
  const report = newReport()
  const texts: string[] = []
  for await (const { text } of readDocuments([path], { skipBadLines: true, report })) texts.push(text)
  assert.deepEqual(
    texts,
    Array.from({ length: 20 }, (_, i) => `${2 * i}`),
  )
  assert.deepEqual([report.linesSkipped, report.skipped.length], [21, 10])
  const described = describeSkippedLines(report)
  assert.equal(described[0], 'skipped: 21 bad lines of JSON, of which the first 10:')
  assert.match(described[1], /a\.jsonl:2: the line must have the key "text" \(got "body"\)/)
})
