import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { batches, openDataset, order } from '../../../src/data/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { fixtures, writeRecords } from '../fixtures.js'

test('files lie in the order that GPT-Neo sorts them into', async (t) => {
  const dataset = await openDataset({ path: join(fixtures, 'records') })
  t.after(() => dataset.close())
  assert.deepEqual(
    dataset.files.map(({ path }) => Number(basename(path).split('_')[1])),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  )
  assert.deepEqual([dataset.size, dataset.contextLength, dataset.bytesPerToken], [44, 8, undefined])
})

test('a process reads its own rows; the order is the same, whoever asks', async (t) => {
  const folder = temporaryFolder(t)
  writeRecords(
    folder,
    'a_0_9.tfrecords',
    Array.from({ length: 9 }, (_, i) => [i + 1, i + 1, i + 1]),
  )
  const dataset = await openDataset({ path: folder })
  t.after(() => dataset.close())
  const make = (rows?: ReadonlySet<number>) =>
    batches({ dataset, batchSize: 4, order: order({ size: dataset.size, seed: 5 }), rows })
  const readers = [make(), make(new Set([0, 3])), make(new Set([1])), make(new Set([2]))]
  for (const step of [0, 1, 7]) {
    const [whole, ...parts] = await Promise.all(readers.map((reader) => reader.batch(step)))
    assert.deepEqual([...parts[0].subarray(3, 9)], [0, 0, 0, 0, 0, 0])
    assert.deepEqual(
      whole.map((_, i) => parts.reduce((sum, part) => sum + part[i], 0)),
      whole,
    )
  }
  await Promise.all(readers.map((reader) => reader.close()))
})

test('a step gives the same batch, asked for in any order, at once or again', async (t) => {
  const folder = temporaryFolder(t)
  writeRecords(
    folder,
    'a_0_7.tfrecords',
    Array.from({ length: 7 }, (_, i) => [i, i, i]),
  )
  const dataset = await openDataset({ path: folder })
  t.after(() => dataset.close())
  const make = () => batches({ dataset, batchSize: 3, order: order({ size: dataset.size, seed: 1 }) })
  const forward = make()
  const expected: number[][] = []
  for (let step = 0; step < 12; step++) expected.push([...(await forward.batch(step))])
  const jumping = make()
  for (const step of [11, 3, 3, 4, 0, 5, 6]) assert.deepEqual([...(await jumping.batch(step))], expected[step])
  const together = await Promise.all([2, 3, 2, 9].map((step) => jumping.batch(step)))
  assert.deepEqual(
    together.map((batch) => [...batch]),
    [2, 3, 2, 9].map((step) => expected[step]),
  )
  await Promise.all([forward.close(), jumping.close()])
  await assert.rejects(jumping.batch(1), /batches: batch must not be called after close/)
})

test('a fault in a batch read ahead comes when that step is asked for', async (t) => {
  const folder = temporaryFolder(t)
  const path = writeRecords(folder, 'a_0_4.tfrecords', [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ])
  const dataset = await openDataset({ path: folder })
  t.after(() => dataset.close())
  truncateSync(path, 80)
  const reading = batches({ dataset, batchSize: 1, order: order({ size: 4, seed: 0, shuffle: false }) })
  assert.deepEqual([...(await reading.batch(0))], [1, 2])
  assert.deepEqual([...(await reading.batch(1))], [3, 4])
  await new Promise((resolve) => setTimeout(resolve, 20))
  await assert.rejects(reading.batch(2), /record 2 at byte 68: the file was truncated or changed after it was opened/)
  await reading.close()
})

test('options that do not fit', async (t) => {
  const dataset = await openDataset({ path: join(fixtures, 'records') })
  t.after(() => dataset.close())
  assert.throws(
    () => batches({ dataset, batchSize: 0, order: order({ size: 44, seed: 1 }) }),
    /batches: batchSize must be an integer >= 1 \(got 0\)/,
  )
  assert.throws(
    () => batches({ dataset, batchSize: 1, order: order({ size: 45, seed: 1 }) }),
    /batches: the order must be over the 44 samples of the data set \(got 45\)/,
  )
})
