import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  datasetFiles,
  describeTotals,
  openDataset,
  prepareData,
  readDatasetConfig,
  type PrepareOptions,
} from '../../../src/data/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { byteOptions, randomIntegers } from '../fixtures.js'

/** A folder with these documents in docs.jsonl, and options that prepare them into out/. */
function documents(t: TestContext, texts: readonly string[]): PrepareOptions & { folder: string } {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'docs.jsonl'), texts.map((text) => `${JSON.stringify({ text })}\n`).join(''))
  return { ...byteOptions, folder, inputs: join(folder, 'docs.jsonl'), output: join(folder, 'out'), contextLength: 15 }
}

/** All ids of a folder, in order. */
async function stream(path: string): Promise<number[]> {
  const dataset = await openDataset({ path })
  const ids: number[] = []
  for (let i = 0; i < dataset.size; i++) ids.push(...(await dataset.read(i)))
  dataset.close()
  return ids
}

const withEos = (texts: readonly string[]) =>
  texts.filter((text) => text !== '').flatMap((text) => [...Buffer.from(text), 256])

test('documents joined by eos come back from the records, none lost, whatever their lengths', async (t) => {
  const random = randomIntegers(21)
  for (let round = 0; round < 12; round++) {
    const texts = Array.from({ length: 3 + random(40) }, () => 'añ '.repeat(random(15)))
    texts.push('enough for a record')
    const options = documents(t, texts)
    const totals = await prepareData({ ...options, recordsPerFile: 1 + random(5) })
    const expected = withEos(texts)
    const { tokens, tokensRepeated, tokensDropped, records } = totals.train
    assert.deepEqual([tokens, tokensDropped, records], [expected.length, 0, Math.ceil(expected.length / 16)])
    const ids = await stream(totals.train.path)
    const lastBegin = (records - 1) * 16
    assert.deepEqual(ids.slice(0, lastBegin), expected.slice(0, lastBegin))
    assert.deepEqual(ids.slice(lastBegin), expected.slice(-16))
    assert.equal(tokensRepeated, records * 16 - expected.length)
    const drop = await prepareData({ ...options, output: `${options.output}2`, remainder: 'drop' })
    assert.deepEqual(await stream(drop.train.path), expected.slice(0, drop.train.records * 16))
    assert.equal(drop.train.tokensDropped, expected.length % 16)
    assert.equal(drop.train.bytes, Buffer.byteLength(texts.join('')))
    assert.equal(drop.train.characters, texts.join('').length)
  }
})

test('what is made: names with counts, an index, a config that finds its data', async (t) => {
  const options = documents(
    t,
    Array.from({ length: 40 }, (_, i) => `document ${i} with some text`),
  )
  const totals = await prepareData({
    ...options,
    name: 'tiny',
    recordsPerFile: 30,
    validationFraction: 0.2,
    tokenizerHash: 'abc',
    tokenizerPath: join(options.folder, 'tokenizer.json'),
    paddingId: 257,
  })
  assert.deepEqual(readdirSync(options.folder).sort(), ['docs.jsonl', 'out'])
  assert.deepEqual(readdirSync(options.output).sort(), ['dataset.json', 'train', 'validation'])
  assert.deepEqual(readdirSync(totals.train.path).sort(), [
    'index.bin',
    'index.json',
    ...totals.train.files.map(({ name }) => name),
  ])
  for (const { name, records } of totals.train.files)
    assert.match(name, new RegExp(`^tiny_\\d_${records}\\.tfrecords$`))
  assert.equal(totals.train.documents + totals.validation!.documents, 40)
  const config = await readDatasetConfig(join(options.output, 'dataset.json'))
  assert.deepEqual(
    [config.n_vocab, config.eos_id, config.padding_id, config.tokenizer_path],
    [257, 256, 257, '../tokenizer.json'],
  )
  const dataset = await openDataset({
    path: await datasetFiles(config, 'eval_path'),
    contextLength: 15,
    vocabularySize: 257,
  })
  assert.deepEqual([dataset.size, dataset.indexes[0].tokenizerHash], [totals.validation!.records, 'abc'])
  dataset.close()
  assert.match(
    describeTotals(totals),
    /^read: 40 documents from 1 file\ntrain: \d+ documents, .* ids repeated \d+, dropped 0\nvalidation: /,
  )
})

test('held-out documents are the same each time, others with another seed, and nothing is in both', async (t) => {
  const texts = Array.from({ length: 200 }, (_, i) => `document number ${i}`)
  const options = documents(t, texts)
  const split = async (output: string, seed?: number) => {
    const totals = await prepareData({
      ...options,
      output: join(options.folder, output),
      validationFraction: 0.25,
      seed,
      remainder: 'drop',
    })
    return { train: await stream(totals.train.path), held: await stream(totals.validation!.path), totals }
  }
  const [one, again, other] = [await split('a'), await split('b'), await split('c', 5)]
  assert.deepEqual(one.held, again.held)
  assert.notDeepEqual(one.held, other.held)
  const { train, validation } = one.totals
  assert.equal(train.documents + validation!.documents, 200)
  assert.ok(Math.abs(validation!.documents - 50) <= 1, `${validation!.documents}`)
  const numbers = (ids: number[]) =>
    new Set(
      Buffer.from(ids.map((id) => (id === 256 ? 10 : id)))
        .toString()
        .match(/\d+(?=\n)/g),
    )
  assert.deepEqual(
    [...numbers(one.held)].filter((number) => numbers(one.train).has(number)),
    [],
  )
})

test('with few documents, too, the held-out part is near its fraction', async (t) => {
  for (const [count, fraction, least, most] of [
    [20, 0.1, 2, 3],
    [10, 0.2, 2, 3],
    [40, 0.05, 2, 3],
    [30, 0.5, 14, 16],
  ]) {
    const options = documents(
      t,
      Array.from({ length: count }, (_, i) => `document ${i}`.repeat(3)),
    )
    for (const seed of [0, 1, 2, 3, 4]) {
      const output = join(options.folder, `out-${seed}`)
      const { validation } = await prepareData({ ...options, output, seed, validationFraction: fraction })
      const held = validation!.documents
      assert.ok(held >= least && held <= most, `${held} of ${count} documents with fraction ${fraction}, seed ${seed}`)
    }
  }
})

test('passages of a single document are held out; both sides end texts with eos', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'book.txt')
  writeFileSync(path, Array.from({ length: 60_000 }, (_, i) => `w${i}`).join(' '))
  const totals = await prepareData({
    ...byteOptions,
    inputs: path,
    output: join(folder, 'out'),
    contextLength: 31,
    validationFraction: 0.3,
    validationUnit: 'passage',
    remainder: 'drop',
  })
  const train = Buffer.from((await stream(totals.train.path)).map((id) => (id === 256 ? 10 : id))).toString()
  const held = Buffer.from((await stream(totals.validation!.path)).map((id) => (id === 256 ? 10 : id))).toString()
  const words = [...train.split(/\s+/), ...held.split(/\s+/)].filter((word) => word !== '')
  assert.ok(words.length >= 59_980 && new Set(words).size >= words.length - 2)
  // 21 passages of 16,384 characters.
  const part = totals.validation!.bytes / readFileSync(path).length
  assert.ok(part > 0.27 && part < 0.34, `${part} of the text is held out`)
  assert.equal(totals.train.bytes + totals.validation!.bytes, readFileSync(path).length)
  assert.match(held, /\n w\d/)
  assert.doesNotMatch(train + held, /\n\n/)
})

test('with every seed a twentieth of a short book is held out', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'book.txt')
  writeFileSync(path, 'A sentence of this book.\n'.repeat(27_000))
  for (const seed of [0, 1, 2, 3]) {
    const options = { ...byteOptions, inputs: path, output: join(folder, `out-${seed}`), contextLength: 31, seed }
    const { validation } = await prepareData({ ...options, validationFraction: 0.05, validationUnit: 'passage' })
    // Of 42 passages one in the first ten, and one in the next twenty; perhaps one of the last twelve.
    const passages = Math.round(validation!.bytes / 16_384)
    assert.ok(passages === 2 || passages === 3, `seed ${seed}: ${passages} passages`)
  }
})

test('short and empty documents, clean-ups, separators', async (t) => {
  const options = documents(t, ['short', '', 'long enough for this', 'a\r\nb ﬁne', 'another long document'])
  const totals = await prepareData({
    ...options,
    minimumSize: 8,
    normalise: { newlines: true, nfkc: true },
    separator: [0, 256],
    remainder: 'drop',
  })
  assert.deepEqual(
    [totals.documentsRead, totals.documentsEmpty, totals.documentsTooShort, totals.tokensTooShort],
    [5, 1, 1, 5],
  )
  assert.equal(totals.train.documents, 3)
  const ids = await stream(totals.train.path)
  assert.deepEqual(ids.slice(0, 22), [...Buffer.from('long enough for this'), 0, 256])
  assert.match(describeTotals(totals), /empty: 1 document\nskipped, below the minimum size: 1 document, 5 ids/)
})

test('an existing data set is replaced only on request, other folders never', async (t) => {
  const options = documents(t, ['some text that is long enough'])
  await prepareData(options)
  await assert.rejects(prepareData(options), /FileError: cannot create the folder .*out: it exists and is not empty/)
  await prepareData({ ...options, overwrite: true, contextLength: 7 })
  assert.equal((await openDataset({ path: join(options.output, 'train') })).contextLength, 7)
  writeFileSync(join(options.output, 'mine.txt'), '')
  await assert.rejects(
    prepareData({ ...options, overwrite: true }),
    /it has "mine\.txt", which this command did not write/,
  )
})

test('abort in the middle: rejects with the reason and leaves nothing', async (t) => {
  const options = documents(
    t,
    Array.from({ length: 500 }, (_, i) => `document ${i} is here`),
  )
  const controller = new AbortController()
  const reason = new Error('enough')
  const encode = (text: string) => {
    if (text.includes(' 300 ')) controller.abort(reason)
    return byteOptions.tokenizer.encode(text)
  }
  await assert.rejects(
    prepareData({ ...options, tokenizer: { encode }, recordsPerFile: 10, signal: controller.signal }),
    reason,
  )
  assert.deepEqual(readdirSync(options.folder), ['docs.jsonl'])
  await assert.rejects(prepareData({ ...options, signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.deepEqual(readdirSync(options.folder), ['docs.jsonl'])
})

test('a failure leaves what was there before', async (t) => {
  const options = documents(t, ['some text that is long enough', 'and another'])
  const { train } = await prepareData(options)
  const before = readFileSync(join(train.path, train.files[0].name))
  writeFileSync(join(options.folder, 'docs.jsonl'), '{"text": "fine, fine, fine, fine"}\nbroken\n')
  await assert.rejects(prepareData({ ...options, overwrite: true }), /docs\.jsonl:2, column 1: not valid JSON/)
  assert.deepEqual(readFileSync(join(train.path, train.files[0].name)), before)
  assert.deepEqual(readdirSync(options.folder).sort(), ['docs.jsonl', 'out'])
})

test('what cannot be prepared', async (t) => {
  const options = documents(t, ['too little'])
  const refused: [Partial<PrepareOptions>, RegExp][] = [
    [{}, /the train text must have at least 16 ids, one record \(got 11\)\. Give more text, or a shorter context/],
    [{ contextLength: 3, minimumSize: 99 }, /the train text must have at least 4 ids, .* or a smaller minimum size$/],
    [
      { contextLength: 3, validationFraction: 1e-9 },
      /no text was held out for validation\. Change .* \(now 1e-9\), or hold out passages instead of documents/,
    ],
    [
      { vocabularySize: 100, eosId: 0 },
      /docs\.jsonl:1: ids must be integers from 0 to 99, below vocabularySize \(got 116 from the tokenizer\)/,
    ],
    [{ tokenizer: { encode: () => [0.5] } }, /docs\.jsonl:1: ids must be integers .*\(got 0\.5 from the tokenizer\)/],
    [
      {
        tokenizer: {
          encode: () => {
            throw new Error('no such merge')
          },
        },
      },
      /docs\.jsonl:1: no such merge/,
    ],
    [{ inputs: 'none' }, /cannot read none: it does not exist/],
    [{ textKey: 'content' }, /docs\.jsonl:1: the line must have the key "content" \(got "text"\)/],
    [
      { contextLength: 0, eosId: 999, name: 'a/b', validationFraction: 1, recordsPerFile: 0.5, minimumSize: -1 },
      /contextLength must be an integer >= 1 \(got 0\); eosId must .*999\); separator.*; recordsPerFile.*; minimumSize.*; validationFraction.*; name/,
    ],
    [
      { remainder: 'pad' as 'drop', validationUnit: 'line' as 'document', seed: 0.5 },
      /seed must be an integer \(got 0\.5\); remainder must .*'pad'\); validationUnit must .*'line'\)/,
    ],
    [
      { packing: 'gpt-neo', validationFraction: 0.1 },
      /validationFraction must be 0 with packing 'gpt-neo' \(got 0\.1\)/,
    ],
    [{ minimumSize: 5, validationUnit: 'passage' }, /minimumSize must be 0 with validationUnit 'passage' \(got 5\)/],
  ]
  for (const [change, message] of refused) {
    await assert.rejects(prepareData({ ...options, ...change }), message)
    assert.deepEqual(readdirSync(options.folder), ['docs.jsonl'])
  }
  await assert.rejects(
    prepareData({ ...options, output: join(options.folder, 'docs.jsonl', 'out') }),
    /part of the path is a file|a file exists there/,
  )
  mkdirSync(join(options.folder, 'file'))
})

test('progress is told, up to the whole input', async (t) => {
  const options = documents(
    t,
    Array.from({ length: 200 }, () => 'a document'),
  )
  const seen: number[] = []
  let last
  await prepareData({ ...options, onProgress: (progress) => seen.push((last = progress).documents) })
  assert.deepEqual(seen, [64, 128, 192, 200])
  const size = readFileSync(join(options.folder, 'docs.jsonl')).length
  assert.deepEqual(last, { documents: 200, inputBytes: size, inputBytesTotal: size, tokens: 2200, records: 137 })
})
