import assert from 'node:assert/strict'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSafetensors, sha256, writeSafetensors, type WritableTensor } from '../../../src/files/index.js'
import { temporaryFolder } from '../temporary-folder.js'

const tensors: WritableTensor[] = [
  {
    name: 'gpt2/wte',
    dtype: 'F32',
    shape: [2, 3],
    data: new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6.5]).buffer),
  },
  { name: 'scalar', dtype: 'I64', shape: [], data: () => new Uint8Array(8).fill(1) },
  { name: 'none', dtype: 'BF16', shape: [0, 7], data: new Uint8Array(0) },
  { name: '7', dtype: 'BOOL', shape: [3], data: async () => new Uint8Array([1, 0, 1]) },
]

test('tensors and metadata come back; the data is aligned and lies in the order given', async (t) => {
  const path = join(temporaryFolder(t), 'a.safetensors')
  async function* stream() {
    yield* tensors
  }
  const written = await writeSafetensors(path, stream(), { metadata: { format: 'neomesh' } })
  const raw = readFileSync(path)
  assert.deepEqual(written, { bytes: raw.length, sha256: sha256(raw) })
  assert.equal(Number(raw.readBigUInt64LE()) % 8, 0)
  const file = await openSafetensors(path)
  t.after(() => file.close())
  assert.deepEqual([...file.tensors.keys()].sort(), ['7', 'gpt2/wte', 'none', 'scalar'])
  assert.deepEqual(file.metadata, { format: 'neomesh' })
  const { data, shape, dtype } = await file.read('gpt2/wte')
  assert.deepEqual([...new Float32Array(data.buffer, data.byteOffset, 6)], [1, 2, 3, 4, 5, 6.5])
  assert.deepEqual([shape, dtype], [[2, 3], 'F32'])
  assert.deepEqual([...(await file.read('7')).data], [1, 0, 1])
  assert.equal((await file.read('none')).data.length, 0)
  await assert.rejects(file.read('gpt2/wpe'), /has no tensor "gpt2\/wpe"\. Its 4 tensors: /)
})

test('random sets of tensors come back', async (t) => {
  const folder = temporaryFolder(t)
  let state = 7
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below
  for (let round = 0; round < 20; round++) {
    const set = Array.from({ length: random(9) }, (_, i) => {
      const shape = Array.from({ length: random(4) }, () => random(5))
      const size = shape.reduce((product, dim) => product * dim, 4)
      return {
        name: `t${i} "\\\u00e9`,
        dtype: 'U32' as const,
        shape,
        data: Uint8Array.from({ length: size }, () => random(256)),
      }
    })
    const path = join(folder, `${round}.safetensors`)
    await writeSafetensors(path, set)
    const file = await openSafetensors(path)
    for (const { name, data, shape } of set) {
      const read = await file.read(name)
      assert.deepEqual([[...read.data], read.shape], [[...data], shape])
    }
    await file.close()
  }
})

test('what cannot be written leaves nothing', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'a.safetensors')
  const [wte] = tensors
  await assert.rejects(writeSafetensors(path, [wte, wte]), /cannot write .*: two tensors are named "gpt2\/wte"/)
  await assert.rejects(
    writeSafetensors(path, [{ ...wte, shape: [7] }]),
    /tensor "gpt2\/wte" \(F32 \[7\]\) must have 28 bytes \(got 24\)/,
  )
  await assert.rejects(
    writeSafetensors(path, [wte, { ...wte, name: 'b', data: () => Promise.reject(new Error('device lost')) }]),
    /device lost/,
  )
  await assert.rejects(writeSafetensors(path, [{ ...wte, dtype: 'F8' as 'F32' }]), /has the unknown dtype F8/)
  assert.deepEqual(readdirSync(folder), [])
})

/** A file with this header text and so many bytes of data. */
function craft(header: string, dataBytes: number): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)])
}
const entry = (dtype: string, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets })
const huge = Buffer.alloc(16, 255)

const broken: [string, Buffer, RegExp][] = [
  [
    'an empty file',
    Buffer.alloc(0),
    /must be a safetensors file \(got an empty file\)\. Download or copy the file again$/,
  ],
  ['five bytes', Buffer.alloc(5), /it must have at least 8 bytes, for the header length \(got 5\)/],
  [
    'a huge header',
    huge,
    /its header must have at most 100000000 bytes \(got 1844674407370955\d+\)\. The file is corrupt or of another kind/,
  ],
  ['a header cut off', craft('{"a": 1}', 0).subarray(0, 12), /it is truncated: its header must have 8 bytes \(got 4\)/],
  ['no object', craft('[1, 2]  ', 0), /its header must begin with "\{"/],
  ['a header that is no JSON', craft('{"a": }', 0), /\(header\):1:7: not valid JSON/],
  ['odd metadata', craft('{"__metadata__": {"a": 1}}', 0), /__metadata__ must map strings to strings/],
  ['no description', craft('{"a": 3}', 0), /tensor "a" must be described by an object/],
  [
    'an unknown dtype',
    craft(`{"a": ${entry('F33', [1], [0, 4])}}`, 4),
    /tensor "a" must have one of the dtypes F64, F32, .* \(got "F33"\)/,
  ],
  [
    'a negative size',
    craft(`{"a": ${entry('F32', [-1], [0, 4])}}`, 4),
    /the shape of tensor "a" must be a list of sizes \(got \[-1\]\)/,
  ],
  [
    'backward offsets',
    craft(`{"a": ${entry('F32', [1], [4, 0])}}`, 4),
    /data_offsets of tensor "a" must be two increasing offsets \(got \[4,0\]\)/,
  ],
  [
    'a shape that does not fit',
    craft(`{"a": ${entry('F32', [3], [0, 4])}}`, 4),
    /tensor "a" \(F32 \[3\]\) must have 12 bytes \(got data_offsets of 4\)/,
  ],
  [
    'a gap',
    craft(`{"a": ${entry('U8', [1], [0, 1])}, "b": ${entry('U8', [1], [2, 3])}}`, 3),
    /tensor "b" must begin at byte 1 \(got 2\)/,
  ],
  [
    'an overlap',
    craft(`{"a": ${entry('U8', [2], [0, 2])}, "b": ${entry('U8', [2], [1, 3])}}`, 3),
    /tensor "b" must begin at byte 2 \(got 1\)/,
  ],
  [
    'data cut off',
    craft(`{"a": ${entry('F32', [2], [0, 8])}}`, 5),
    /it is truncated: its tensors must have 8 bytes \(got 5\)/,
  ],
  ['data left over', craft(`{"a": ${entry('F32', [1], [0, 4])}}`, 5), /1 bytes follow the last tensor/],
  [
    'a duplicate name',
    craft(`{"a": ${entry('U8', [1], [0, 1])}, "a": ${entry('U8', [1], [0, 1])}}`, 1),
    /two tensors are named "a"/,
  ],
]
for (const [what, bytes, message] of broken) {
  test(`safetensors: ${what} is refused in one line`, async (t) => {
    const path = join(temporaryFolder(t), 'a.safetensors')
    writeFileSync(path, bytes)
    await assert.rejects(openSafetensors(path), (error: Error) => {
      assert.equal(error.name, 'FileError')
      assert.match(error.message, message)
      assert.ok(!error.message.includes('\n'))
      return true
    })
  })
}

test('a file cut off after it was opened, and one that is not there', async (t) => {
  const path = join(temporaryFolder(t), 'a.safetensors')
  await writeSafetensors(path, tensors)
  const file = await openSafetensors(path)
  t.after(() => file.close())
  truncateSync(path, readFileSync(path).length - 2)
  await assert.rejects(file.read('7'), /was truncated while it was read: it ended at byte \d+/)
  await assert.rejects(openSafetensors(`${path}x`), /cannot open .*: it does not exist/)
})
