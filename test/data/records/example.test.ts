import assert from 'node:assert/strict'
import protobuf from 'protobufjs/minimal.js'
import { test } from 'node:test'
import { decodeExample, encodeExample } from '../../../src/data/index.js'
import { randomIntegers } from '../fixtures.js'

const place = { path: 'f.tfrecords', record: 3, offset: 99 }
const { Writer } = protobuf

/** An Example of one feature, whose Feature message is given. */
function example(name: string, feature: (writer: protobuf.Writer) => protobuf.Writer): Uint8Array {
  const writer = Writer.create().uint32(10).fork().uint32(10).fork().uint32(10).string(name).uint32(18).fork()
  return feature(writer).ldelim().ldelim().ldelim().finish()
}
const int64List =
  (...ids: number[]) =>
  (writer: protobuf.Writer) => {
    writer.uint32(26).fork().uint32(10).fork()
    for (const id of ids) writer.int64(id)
    return writer.ldelim().ldelim()
  }

test('ids come back: none, small, the largest, random', () => {
  const random = randomIntegers(3)
  const cases = [[], [0], [127, 128, 16383, 16384, 2 ** 31 - 1], Array.from({ length: 500 }, () => random(60_000))]
  for (const ids of cases) assert.deepEqual([...decodeExample(encodeExample(ids), place)], ids)
})

test('unpacked ids, several lists and unknown fields are read', () => {
  const unpacked = example('text', (writer) =>
    writer.uint32(26).fork().uint32(8).int64(5).uint32(8).int64(700).ldelim(),
  )
  assert.deepEqual([...decodeExample(unpacked, place)], [5, 700])
  const mixed = example('text', (writer) =>
    writer
      .uint32(26)
      .fork()
      .uint32(8)
      .int64(5)
      .uint32(10)
      .fork()
      .int64(6)
      .int64(7)
      .ldelim()
      .uint32(33 * 8)
      .uint32(1)
      .ldelim(),
  )
  assert.deepEqual([...decodeExample(mixed, place)], [5, 6, 7])
  assert.deepEqual(
    [
      ...decodeExample(
        example('text', (writer) => writer),
        place,
      ),
    ],
    [],
  )
})

const refused: [string, Uint8Array, RegExp][] = [
  ['another feature', example('hash', int64List(1)), /record 3 at byte 99: it has no feature "text"; it has "hash"$/],
  ['no feature', new Uint8Array(0), /it has no features; a GPT-Neo record has the int64 feature "text"$/],
  [
    'bytes',
    example('text', (writer) => writer.uint32(10).fork().ldelim()),
    /feature "text" holds bytes, not int64 ids/,
  ],
  [
    'floats',
    example('text', (writer) => writer.uint32(18).fork().ldelim()),
    /feature "text" holds floats, not int64 ids/,
  ],
  ['a negative id', example('text', int64List(1, -5)), /id 1 is -5; ids are 0 to 2147483647/],
  ['an id of 2^31', example('text', int64List(2 ** 31)), /id 0 is 2147483648/],
  ['an id beyond 2^32, whose low bits look sound', example('text', int64List(2 ** 33 + 5)), /id 0 is 8589934597/],
  ['other bytes', Buffer.from('{"text": "hello"}'), /its bytes are not a tf\.train\.Example/],
  ['an Example cut off', encodeExample([1, 2, 3]).subarray(0, 12), /its bytes are not a tf\.train\.Example/],
]
for (const [what, payload, message] of refused) {
  test(`a record with ${what} is refused by file, record and byte`, () => {
    assert.throws(() => decodeExample(payload, place), { name: 'DataError', message })
    assert.throws(() => decodeExample(payload, place), /^DataError: f\.tfrecords: record 3 at byte 99: /)
  })
}
