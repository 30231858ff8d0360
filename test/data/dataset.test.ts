import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDataset, prepareData } from '../../src/data/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { byteOptions, fixtures, writeRecords } from './fixtures.js'

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
    /the data was prepared for n_ctx 9, 16 was asked for\. Prepare it again, or change n_ctx/,
  )
  await assert.rejects(
    openDataset({ path: folder, vocabularySize: 50 }),
    /prepared with a vocabulary of 257, the model's n_vocab is 50/,
  )
  const records = join(fixtures, 'records')
  const longer = await openDataset({ path: records, contextLength: 16 })
  await assert.rejects(
    longer.read(3),
    /part_1_5\.tfrecords: record 0 at byte 0: it has 9 ids, n_ctx 16 needs 17\. Set n_ctx to 8/,
  )
  longer.close()
  const small = await openDataset({ path: records, vocabularySize: 12 })
  assert.equal((await small.read(0)).length, 9)
  await assert.rejects(small.read(1), /part_0_3\.tfrecords: record 1 at byte 41: id 2 is 12, n_vocab is 12/)
  await assert.rejects(small.read(43), /part_11_2\.tfrecords: record 1 .* n_vocab is 12/)
  for (const number of [-1, 44, 0.5, NaN])
    await assert.rejects(small.read(number), /there is no sample .*; it has 44, from 0/)
  small.close()
})

test('records of one id, or none, make no data set', async (t) => {
  const folder = temporaryFolder(t)
  for (const ids of [[7], []]) {
    const path = writeRecords(folder, `${ids.length}.tfrecords`, [ids])
    await assert.rejects(openDataset({ path }), /record 0 at byte 0: n_ctx is -?\d; a record holds two ids or more/)
  }
})

test('a record too short among others is found when read', async (t) => {
  const folder = temporaryFolder(t)
  const path = writeRecords(folder, 'a.tfrecords', [[1, 2, 3], [4], []])
  const dataset = await openDataset({ path })
  t.after(() => dataset.close())
  await assert.rejects(dataset.read(1), /record 1 at byte \d+: it has 1 ids, n_ctx 2 needs 3\. Prepare the data again/)
  await assert.rejects(dataset.read(2), /it has 0 ids/)
})

test('files that are not there, are named twice, or are misnamed', async (t) => {
  const folder = await prepared(t)
  const parent = join(folder, '..')
  await assert.rejects(openDataset({ path: join(parent, 'no*.tfrecords') }), /no\*\.tfrecords: no file matches/)
  await assert.rejects(openDataset({ path: parent }), /the folder holds no \.tfrecords files\. These do: .*train$/)
  mkdirSync(join(parent, 'bare'))
  await assert.rejects(
    openDataset({ path: join(parent, 'bare') }),
    /the folder holds no \.tfrecords files\. Prepare data into it first/,
  )
  await assert.rejects(openDataset({ path: [folder, join(folder, '*_0_*')] }), /data_0_6\.tfrecords is named twice/)
  cpSync(join(folder, 'data_0_6.tfrecords'), join(parent, 'bare', 'data_0_7.tfrecords'))
  await assert.rejects(openDataset({ path: join(parent, 'bare') }), /its name says 7 records, it has 6/)
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
  await assert.rejects(open(), /index\.json is empty/)
  writeFileSync(join(folder, 'index.json'), index)
  const lengths = readFileSync(join(folder, 'index.bin'))
  writeFileSync(join(folder, 'index.bin'), lengths.subarray(0, 20))
  await assert.rejects(open(), /index\.bin has been cut off\. The files have changed since they were prepared/)
  rmSync(join(folder, 'index.bin'))
  await assert.rejects(open(), /cannot read .*index\.bin: it does not exist/)
  writeFileSync(join(folder, 'index.bin'), lengths)
  renameSync(join(folder, 'data_3_3.tfrecords'), join(folder, 'elsewhere'))
  await assert.rejects(open(), /index\.json lists data_3_3\.tfrecords, which is not there/)
  renameSync(join(folder, 'elsewhere'), join(folder, 'data_3_3.tfrecords'))
  appendFileSync(join(folder, 'data_1_6.tfrecords'), 'x')
  await assert.rejects(open(), /data_1_6\.tfrecords has \d+ bytes, .*index\.json says \d+/)
})
