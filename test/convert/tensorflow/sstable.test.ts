import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTable } from '../../../src/convert/tensorflow/sstable.js'
import { makeTable, type Entries } from './make-table.js'

const entries: Entries = Array.from({ length: 200 }, (_, i): [string, Uint8Array] => [
  i === 0 ? '' : `gpt2/h${String(i).padStart(3, '0')}/attn`,
  Buffer.alloc((i * 37) % 300, i),
])
const listed = (file: Buffer) => [...readTable(file, 'x.index')].map(({ key, value }) => [`${key}`, `${value}`])

for (const snappy of [false, true])
  test(`keys and values come back from blocks of any size, ${snappy ? 'snappy' : 'uncompressed'}`, () => {
    const wanted = entries.map(([key, value]) => [key, `${value}`])
    for (const [entriesPerBlock, entriesPerRestart] of [
      [1, 1],
      [7, 3],
      [16, 16],
      [1000, 16],
    ])
      assert.deepEqual(listed(makeTable(entries, { entriesPerBlock, entriesPerRestart, snappy })), wanted)
  })

test('what is not a sound table is refused in one line', () => {
  const sound = makeTable(entries, { entriesPerBlock: 16, entriesPerRestart: 16 })
  const changed = (at: number) => {
    const copy = Buffer.from(sound)
    copy[at] ^= 1
    return copy
  }
  const cases: [file: Buffer, message: RegExp][] = [
    [
      Buffer.alloc(0),
      /^x\.index is not a sound checkpoint index: it has 0 bytes, fewer than its footer\. Copy it again$/,
    ],
    [sound.subarray(0, -1), /its last 8 bytes are not those of a table/],
    [changed(sound.length - 3), /its last 8 bytes are not those of a table/],
    [changed(20), /the checksum of a block at byte 0 does not match\. Copy it again$/],
    [changed(sound.length - 60), /the checksum of the index block at byte \d+ does not match/],
    [Buffer.concat([sound.subarray(0, 10), sound.subarray(-48)]), /the index block would end at byte \d+ of 58/],
  ]
  for (const [file, message] of cases) assert.throws(() => listed(file), { name: 'FileError', message })
})
