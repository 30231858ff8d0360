/** Ways in which a file goes wrong: by transport, by hand, by malice. All follow from the seed. */

import protobuf from 'protobufjs/minimal.js'
import { gunzipSync, gzipSync } from 'node:zlib'
import { frameRecord } from '../../src/data/index.js'
import { makeTable } from '../convert/tensorflow/make-table.js'

/** A source of numbers: `below(n)` is an integer from 0 to n - 1. */
export class Chance {
  constructor(private state: number) {}

  /** xorshift32 (Marsaglia, 2003). */
  below(n: number): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    return (this.state >>> 0) % n
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }
}

type Mutation = (bytes: Buffer, chance: Chance) => Buffer

/** What downloads and wrong names leave in a file's place. */
const foreign: readonly Buffer[] = [
  '',
  'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n',
  '<!DOCTYPE html><html><body>503</body></html>',
  '{"error":"Repository not found"}',
  'Entry not found',
  'GGUF\x03\0\0\0',
  'PK\x03\x04' + '\0'.repeat(22) + '\x10\0\0\0archive/data.pkl',
  '\x80\x02\x8a\x0alxF\xf9 j\xa8P\x19.',
  '\x1f\x8b\x08\0\0\0\0\0\0\x03',
  '\x28\xb5\x2f\xfd\0',
  '\x93NUMPY\x01\0',
  '\xff\xfe{\0}\0',
  '\0'.repeat(4096),
  '\xff'.repeat(4096),
  '['.repeat(100_000),
  '{"a":'.repeat(100_000),
  'null',
  '[]',
  '{}',
  '"text"',
  '1e999',
].map((text) => Buffer.from(text, 'latin1'))

const numbers = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 40, 2 ** 53, 2 ** 62]

/** A place that is likely to matter: near the begin, near the end, or anywhere. */
function place(bytes: Buffer, chance: Chance): number {
  const near = Math.min(bytes.length, 200)
  const kind = chance.below(3)
  if (kind === 0) return chance.below(near)
  return kind === 1 ? bytes.length - 1 - chance.below(near) : chance.below(bytes.length)
}

const flips: Mutation = (bytes, chance) => {
  const made = Buffer.from(bytes)
  for (let i = chance.below(8); i >= 0; i--) made[place(made, chance)] ^= 1 << chance.below(8)
  return made
}

const binary: readonly Mutation[] = [
  flips,
  flips,
  (bytes, chance) => bytes.subarray(0, place(bytes, chance)),
  (bytes, chance) => bytes.subarray(place(bytes, chance)),
  (bytes, chance) => {
    const at = place(bytes, chance)
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.alloc(1 + chance.below(64), chance.below(256)),
      bytes.subarray(at),
    ])
  },
  (bytes, chance) => {
    const at = place(bytes, chance)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + chance.below(64))])
  },
  (bytes, chance) => {
    const made = Buffer.from(bytes)
    const number = Buffer.alloc(8)
    number.writeBigUInt64LE(BigInt(chance.of(numbers)))
    number.copy(made, place(made, chance), 0, chance.of([1, 2, 4, 8]))
    return made
  },
  (bytes) => Buffer.concat([bytes, bytes]),
  (_, chance) => chance.of(foreign),
]

const hostile: readonly unknown[] = [
  null,
  true,
  '',
  'text',
  'a\nb\u001b[31m\u2028',
  '\ud800',
  'x'.repeat(100_000),
  '../../etc/passwd',
  -1,
  0,
  0.5,
  3e8,
  5e9,
  1e12,
  2 ** 53,
  1e308,
  [],
  {},
  [[[]]],
  [null],
  [['global'], 3e8],
  [[['global'], 5e9]],
  Array.from({ length: 5000 }, (_, i) => i),
  Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key ${i}`, i])),
]
const keys = ['__proto__', 'constructor', 'toString', '', 'a\nb', 'x'.repeat(10_000), 'n_embd', 'path']

/** Where objects and lists are within a value, at most 2000 of them. */
function containers(value: unknown, found: object[] = []): object[] {
  if (value !== null && typeof value === 'object' && found.length < 2000) {
    found.push(value)
    for (const inner of Object.values(value)) containers(inner, found)
  }
  return found
}

/** Changes a value of JSON in one place. */
const json: Mutation = (bytes, chance) => {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    return flips(bytes, chance)
  }
  const within = chance.of(containers(value)) as Record<string, unknown>
  const key = chance.of([...Object.keys(within), '0'])
  const kind = chance.below(5)
  if (kind === 0) delete within[key]
  else if (kind === 1) within[chance.of(keys)] = chance.of(hostile)
  else within[key] = chance.of(hostile)
  const text = JSON.stringify(value)
  // A number that JSON.stringify would not write, or a key twice.
  if (chance.below(12) === 0)
    return Buffer.from(text.replace(/\d+/, chance.of(['1e999', '-0', '9'.repeat(400), 'NaN'])))
  if (chance.below(12) === 0) return Buffer.from(text.replace(/^\{("[^"]*":)/, '{$1null,$1'))
  return Buffer.from(text)
}

/** Changes the JSON header of a safetensors file, and says its new length. */
const safetensorsHeader: Mutation = (bytes, chance) => {
  const end = 8 + Number(bytes.readBigUInt64LE())
  const header = json(bytes.subarray(8, end), chance)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, bytes.subarray(end)])
}

/** Records whose checksums are right, and whose payloads are not. */
const payloads: Mutation = (bytes, chance) => {
  const made: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at)
    const payload = bytes.subarray(at + 12, at + 12 + length)
    made.push(frameRecord(chance.below(2) === 0 ? chance.of(binary)(payload, chance) : payload))
    at += 16 + length
  }
  return Buffer.concat(made)
}

/** A message of random fields, as in the index of a TensorFlow checkpoint. */
function message(chance: Chance, depth = 0): Uint8Array {
  const writer = protobuf.Writer.create()
  for (let i = chance.below(6); i > 0; i--) {
    const field = 1 + chance.below(7)
    const kind = chance.below(depth < 3 ? 3 : 2)
    if (kind === 0) writer.uint32(field * 8).int64(chance.of([...numbers.slice(0, -1), -1, -5, 3]))
    else if (kind === 1) writer.uint32(field * 8 + 5).fixed32(chance.below(2 ** 32))
    else writer.uint32(field * 8 + 2).bytes(message(chance, depth + 1))
  }
  return chance.below(10) === 0 ? writer.finish().subarray(1) : writer.finish()
}

/** A table whose checksums are right, and whose header or entries are not. */
const table: Mutation = (_, chance) => {
  const shards = chance.of([1, 1, 1, 2, 0, -1, 5e7, 2e9])
  const header = protobuf.Writer.create().uint32(8).int32(shards).finish()
  const names = Array.from({ length: chance.below(5) }, (_, i) => `gpt2/h${i}/attn/q`)
  return makeTable(
    [['', chance.below(3) === 0 ? message(chance) : header], ...names.map((name) => [name, message(chance)] as const)],
    { entriesPerBlock: 2, entriesPerRestart: 2, snappy: chance.below(2) === 0 },
  )
}

/** A zstd frame of one raw block (RFC 8878), without a checksum. */
export function zstdOf(content: Buffer): Buffer {
  const header = Buffer.alloc(3)
  header.writeUIntLE((content.length << 3) | 1, 0, 3)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(content.length)
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), size, header, content])
}

/** What is within an archive gone wrong, and packed again. */
const packedAgain: Mutation = (bytes, chance) =>
  bytes[0] === 0x1f
    ? gzipSync(chance.of(binary)(gunzipSync(bytes), chance))
    : zstdOf(chance.of(binary)(bytes.subarray(12), chance).subarray(0, 100_000))

/** A file gone wrong. */
export function mutate(name: string, bytes: Buffer, chance: Chance): Buffer {
  if (bytes.length === 0) return chance.of(foreign)
  if (/\.json$/.test(name) && chance.below(4) > 0) return json(bytes, chance)
  if (/\.safetensors$/.test(name) && chance.below(2) > 0) return safetensorsHeader(bytes, chance)
  if (/\.(gz|zst)$/.test(name) && chance.below(2) > 0) return packedAgain(bytes, chance)
  if (/\.tfrecords$/.test(name) && chance.below(2) > 0) return payloads(bytes, chance)
  if (/\.index$/.test(name) && chance.below(4) > 0) return table(bytes, chance)
  return chance.of(binary)(bytes, chance)
}
