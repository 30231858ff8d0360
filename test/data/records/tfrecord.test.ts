import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeExample, encodeExample, frameRecord, openDataset, readRecords } from '../../../src/data/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { fixtures, goldens, randomIntegers } from '../fixtures.js'

async function idsOf(path: string): Promise<number[][]> {
  const found: number[][] = []
  for await (const record of readRecords(path)) found.push([...decodeExample(record.payload, record)])
  return found
}

for (const { name, files } of goldens.create_tfrecords.filter(({ error }) => !error)) {
  test(`GPT-Neo's own TFRecords are read, and written again to the byte: ${name}`, async () => {
    for (const { file, records } of files) {
      const path = join(fixtures, name, file)
      assert.deepEqual(await idsOf(path), records, file)
      assert.deepEqual(Buffer.concat(records.map((ids) => frameRecord(encodeExample(ids)))), readFileSync(path), file)
    }
  })
}

test('random records come back, also larger than the window of a megabyte', async (t) => {
  const random = randomIntegers(11)
  const path = join(temporaryFolder(t), 'r.tfrecords')
  const payloads = [0, 1, 17, 1 << 20, 2_500_000, 3, ...Array.from({ length: 200 }, () => random(9000))].map((length) =>
    Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255)),
  )
  writeFileSync(path, Buffer.concat(payloads.map((payload) => frameRecord(payload))))
  let count = 0
  let offset = 0
  for await (const record of readRecords(path)) {
    assert.equal(Buffer.compare(record.payload, payloads[count]), 0)
    assert.deepEqual([record.record, record.offset], [count, offset])
    offset += payloads[count++].length + 16
  }
  assert.equal(count, payloads.length)
})

const sound = readFileSync(join(fixtures, 'records', 'part_1_5.tfrecords'))
const recordBytes = sound.length / 5
const flipped = (at: number) => {
  const copy = Buffer.from(sound)
  copy[at] ^= 1
  return copy
}
const damaged: [string, Buffer, RegExp][] = [
  ['a header cut off', sound.subarray(0, recordBytes + 7), /record 1 at byte 41: truncated: 7 bytes are left/],
  [
    'a payload cut off',
    sound.subarray(0, 2 * recordBytes - 6),
    /record 1 at byte 41: truncated: its payload has 25 bytes, 19 are left/,
  ],
  [
    'a footer cut off',
    sound.subarray(0, sound.length - 1),
    /record 4 at byte 164: truncated: its payload has 25 bytes, 24 are left/,
  ],
  [
    'a wrong length',
    flipped(recordBytes),
    /record 1 at byte 41: corrupt: the checksum of its length does not match\. Copy/,
  ],
  [
    'a wrong checksum of the length',
    flipped(9),
    /record 0 at byte 0: corrupt: the checksum of its length.*Is this a TFRecord file\?/,
  ],
  [
    'a wrong payload',
    flipped(3 * recordBytes + 20),
    /record 3 at byte 123: corrupt: the checksum of its payload does not match/,
  ],
  [
    'a wrong checksum of the payload',
    flipped(sound.length - 1),
    /record 4 at byte 164: corrupt: the checksum of its payload/,
  ],
  [
    'text instead',
    Buffer.from('Once upon a time there was a file.'),
    /record 0 at byte 0: corrupt: .*Unpack compressed ones/,
  ],
]
for (const [what, bytes, message] of damaged) {
  test(`TFRecord with ${what}: reading and opening name the record`, async (t) => {
    const path = join(temporaryFolder(t), 'damaged.tfrecords')
    writeFileSync(path, bytes)
    await assert.rejects(idsOf(path), { name: 'DataError', message })
    // Opening checks the framing alone; the payload is checked when its record is read.
    await assert.rejects(
      async () => {
        const dataset = await openDataset({ path })
        t.after(() => dataset.close())
        for (let i = 0; i < dataset.size; i++) await dataset.read(i)
      },
      { name: 'DataError', message },
    )
  })
}

test('an empty file has no records; a missing one is an error', async (t) => {
  const path = join(temporaryFolder(t), 'empty.tfrecords')
  writeFileSync(path, '')
  assert.deepEqual(await idsOf(path), [])
  await assert.rejects(openDataset({ path }), /its 1 files have no records/)
  await assert.rejects(idsOf(`${path}x`), /FileError: cannot open .*: it does not exist/)
})
