import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf } from '../../../src/data/index.js'

/** Records of these ids, in one file or in no file that says its offsets. */
const dataOf = (records: readonly (readonly number[])[], files: readonly object[] = []) => ({
  size: records.length,
  contextLength: records[0].length - 1,
  files: files as never,
  read: async (number: number) => Int32Array.from(records[number]),
})

test('equal content has an equal identity, whatever the files are; one other id, or another order, has another', async () => {
  const records = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ]
  const one = await identityOf(dataOf(records))
  assert.match(one, /^[0-9a-f]{64}$/)
  assert.equal(await identityOf(dataOf(records.map((record) => [...record]))), one)
  assert.notEqual(await identityOf(dataOf([records[0], [4, 5, 7], records[2]])), one)
  assert.notEqual(await identityOf(dataOf([records[1], records[0], records[2]])), one)
  assert.notEqual(await identityOf(dataOf(records.slice(1))), one)
  assert.notEqual(await identityOf(dataOf(records, [{ offsets: Float64Array.of(0, 20, 41, 60) }])), one)
})

test('of many records some are read', async () => {
  let reads = 0
  const data = {
    ...dataOf([[1, 2]]),
    size: 1e6,
    read: async (number: number) => {
      reads++
      return Int32Array.of(number, 0)
    },
  }
  await identityOf(data)
  assert.equal(reads, 128)
})
