import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDataset, prepareData } from '../../../src/data/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { byteOptions, fixtures, writeRecords } from '../fixtures.js'

/** A prepared data set of 4 files; returns its train folder. */
async function prepared(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a.txt'), 'abcdefghij'.repeat(20))
  const { train } = await prepareData({
    ...byteOptions,
    inputs: join(folder, 'a.txt'),
    output: join(folder, 'out'),
    contextLength: 9,
    recordsPerFile: 6,
  })
  return train.path
}

test('with the index or by scanning, the same samples', async (t) => {
  const folder = await prepared(t)
  const indexed = await openDataset({ path: folder, contextLength: 9, vocabularySize: 257 })
  t.after(() => indexed.close())
  assert.equal(indexed.size, 21)
  assert.equal(indexed.bytesPerToken, 200 / 201)
  assert.equal(indexed.indexes[0].eosId, 256)
  rmSync(join(folder, 'index.json'))
  const scanned = await openDataset({ path: join(folder, 'data_*.tfrecords') })
  t.after(() => scanned.close())
  assert.equal(scanned.contextLength, 9)
  for (let i = 20; i >= 0; i--) {
    assert.deepEqual(await indexed.read(i), await scanned.read(i))
  }
  assert.equal(Buffer.from(await indexed.read(0)).toString(), 'abcdefghij')
})

test('many files, few open: every sample is found', async (t) => {
  const folder = temporaryFolder(t)
  for (let file = 0; file < 90; file++)
    writeRecords(folder, `m_${file}_2.tfrecords`, [
      [file, 0],
      [file, 1],
    ])
  const dataset = await openDataset({ path: folder })
  const samples = await Promise.all(Array.from({ length: 180 }, (_, i) => dataset.read(i)))
  samples.forEach((ids, i) => assert.deepEqual([...ids], [i >> 1, i & 1]))
  dataset.close()
  await assert.rejects(dataset.read(0), /the data set has been closed/)
})

test('data that does not fit what was asked for', async (t) => {
  const folder = await prepared(t)
  await assert.rejects(
    openDataset({ path: folder, contextLength: 16 }),
    /the data must be prepared for n_ctx 16 or more \(got 9\)\. Prepare it again, or set n_ctx to 9/,
  )
  await assert.rejects(
    openDataset({ path: folder, vocabularySize: 50 }),
    /n_vocab must be at least 257, the vocabulary of the data \(got 50\)/,
  )
  const records = join(fixtures, 'records')
  const longer = await openDataset({ path: records, contextLength: 16 })
  await assert.rejects(
    longer.read(3),
    /part_1_5\.tfrecords: record 0 at byte 0: it must have n_ctx \+ 1 = 17 ids \(got 9\)\. Set n_ctx to 8/,
  )
  longer.close()
  const small = await openDataset({ path: records, vocabularySize: 12 })
  assert.equal((await small.read(0)).length, 9)
  await assert.rejects(
    small.read(1),
    /part_0_3\.tfrecords: record 1 at byte 41: id 2 must be below n_vocab 12 \(got 12\)/,
  )
  await assert.rejects(small.read(43), /part_11_2\.tfrecords: record 1 .* must be below n_vocab 12/)
  for (const number of [-1, 44, 0.5, NaN])
    await assert.rejects(small.read(number), /a sample index must be an integer from 0 to 43/)
  small.close()
})

test('records of one id, or none, make no data set', async (t) => {
  const folder = temporaryFolder(t)
  for (const ids of [[7], []]) {
    const path = writeRecords(folder, `${ids.length}.tfrecords`, [ids])
    await assert.rejects(openDataset({ path }), /record 0 at byte 0: it must have at least 2 ids \(got [01]\)/)
  }
})

test('a record too short among others is found when read', async (t) => {
  const folder = temporaryFolder(t)
  const path = writeRecords(folder, 'a.tfrecords', [[1, 2, 3], [4], []])
  const dataset = await openDataset({ path })
  t.after(() => dataset.close())
  await assert.rejects(dataset.read(1), /record 1 at byte \d+: it must have n_ctx \+ 1 = 3 ids \(got 1\)\. Prepare/)
  await assert.rejects(dataset.read(2), /\(got 0\)/)
})

test('files that are not there, or are named twice', async (t) => {
  const folder = await prepared(t)
  const parent = join(folder, '..')
  await assert.rejects(openDataset({ path: join(parent, 'no*.tfrecords') }), /no\*\.tfrecords: no file matches/)
  await assert.rejects(openDataset({ path: parent }), /the folder has no \.tfrecords files\. These do: .*train$/)
  mkdirSync(join(parent, 'bare'))
  await assert.rejects(
    openDataset({ path: join(parent, 'bare') }),
    /the folder has no \.tfrecords files\. Prepare data into it first/,
  )
  await assert.rejects(openDataset({ path: [folder, join(folder, '*_0_*')] }), /data_0_6\.tfrecords is named twice/)
})

test('an index that no longer fits', async (t) => {
  const folder = await prepared(t)
  const index = readFileSync(join(folder, 'index.json'), 'utf8')
  const open = () => openDataset({ path: folder })
  writeFileSync(join(folder, 'index.json'), index.replace('"version": 1', '"version": 9, "extra": 1'))
  await assert.rejects(
    open(),
    /index\.json is not a data set index of this version[^]*^ {2}version: expected 1$[^]*^ {2}extra: no such key$/m,
  )
  writeFileSync(join(folder, 'index.json'), index.slice(0, 40))
  await assert.rejects(open(), /index\.json:\d+:\d+: not valid JSON/)
  writeFileSync(join(folder, 'index.json'), '')
  await assert.rejects(open(), /index\.json must be a JSON file \(got an empty file\)/)
  writeFileSync(join(folder, 'index.json'), index)
  const lengths = readFileSync(join(folder, 'index.bin'))
  writeFileSync(join(folder, 'index.bin'), lengths.subarray(0, 20))
  await assert.rejects(open(), /index\.bin is truncated\. The files have changed since they were prepared/)
  rmSync(join(folder, 'index.bin'))
  await assert.rejects(open(), /cannot read .*index\.bin: it does not exist/)
  writeFileSync(join(folder, 'index.bin'), lengths)
  renameSync(join(folder, 'data_3_3.tfrecords'), join(folder, 'elsewhere'))
  await assert.rejects(open(), /index\.json lists data_3_3\.tfrecords, which does not exist/)
  renameSync(join(folder, 'elsewhere'), join(folder, 'data_3_3.tfrecords'))
  appendFileSync(join(folder, 'data_1_6.tfrecords'), 'x')
  await assert.rejects(open(), /data_1_6\.tfrecords must have \d+ bytes, as in .*index\.json \(got \d+\)/)
})

/** Messages of the process warnings that come while `work` runs. */
async function warningsOf(work: () => Promise<void>): Promise<string[]> {
  const messages: string[] = []
  const note = ({ message }: Error) => void messages.push(message)
  process.on('warning', note)
  try {
    await work()
    await new Promise((resolve) => setImmediate(resolve)) // warnings come in a later turn
  } finally {
    process.off('warning', note)
  }
  return messages
}

test('a number in a name that is not the record count is a note, where the framing is sound', async (t) => {
  const folder = temporaryFolder(t)
  const records = Array.from({ length: 4 }, (_, i) => [i, i, i])
  for (const name of ['train_1.tfrecords', 'train_2.tfrecords', 'wiki_2020.tfrecords', 'x_9_4.tfrecords'])
    writeRecords(folder, name, records)
  const notes = await warningsOf(async () => {
    const dataset = await openDataset({ path: folder, contextLength: 2 })
    t.after(() => dataset.close())
    assert.equal(dataset.size, 16)
    assert.deepEqual([...(await dataset.read(13))], [1, 1, 1])
  })
  assert.equal(notes.length, 1)
  assert.match(
    notes[0],
    /train_1\.tfrecords has 4 records \(and 2 more files\): the number in the name is not the record count and is ignored/,
  )
  const path = join(folder, 'train_2.tfrecords')
  writeFileSync(path, readFileSync(path).subarray(0, -3))
  await assert.rejects(openDataset({ path: folder }), /train_2\.tfrecords: record 3 at byte \d+: truncated/)
})

test('of records longer than n_ctx + 1 the first ids are read, as GPT-Neo does, with one note', async (t) => {
  const folder = temporaryFolder(t)
  const path = writeRecords(
    folder,
    'a_3.tfrecords',
    [0, 1, 2].map((i) => Array.from({ length: 65 }, (_, at) => 100 * i + at)),
  )
  const notes = await warningsOf(async () => {
    const dataset = await openDataset({ path, contextLength: 32 })
    t.after(() => dataset.close())
    for (const number of [2, 0, 1])
      assert.deepEqual(
        [...(await dataset.read(number))],
        Array.from({ length: 33 }, (_, at) => 100 * number + at),
      )
  })
  assert.equal(notes.length, 1)
  assert.match(notes[0], /records have 65 ids, and n_ctx 32 reads the first 33 of each: 49% of the ids are not used/)
  // Prepared data, whose index says its length, likewise.
  const dataset = await openDataset({ path: await prepared(t), contextLength: 4 })
  t.after(() => dataset.close())
  assert.equal(Buffer.from(await dataset.read(0)).toString(), 'abcde')
})
