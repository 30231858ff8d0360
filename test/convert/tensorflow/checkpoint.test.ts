/** Checkpoints that TensorFlow itself wrote (test/reference/make_tensorflow_fixtures.py) and the original's own run. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTensorflowCheckpoint, openTensorflowVariables, tensorflowVariables } from '../../../src/convert/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { fixture } from '../../model/goldens.js'
import { makeTable } from './make-table.js'
import { assertSame, collected, copyOf, original, tensorflow, tensorsOf } from '../support.js'

test("the original's checkpoint has the values that TensorFlow reads from it", async () => {
  const checkpoint = await openTensorflowCheckpoint(original)
  const wanted = await tensorsOf(fixture('goldens/run.safetensors'))
  assert.equal(checkpoint.tensors.size, 91)
  for (const [name, { dtype, shape }] of checkpoint.tensors) {
    const { data } = await checkpoint.read(name)
    const recorded = wanted.get(`step10/${name}`)!
    assertSame(data, recorded.data, name)
    if (name === 'global_step') assert.deepEqual([dtype, shape, data[0]], ['int64', [], 10n])
    else assert.deepEqual([dtype, shape], ['float32', recorded.shape], name)
  }
  await checkpoint.close()
})

test('every dtype that can be read, from three shards; a scalar, no elements, a string', async () => {
  const checkpoint = await openTensorflowCheckpoint(tensorflow('dtypes.ckpt'))
  type Wanted = Record<string, { dtype: string; shape: number[]; values: string[] | null }>
  const wanted = JSON.parse(readFileSync(tensorflow('dtypes.json'), 'utf8')) as Wanted
  assert.deepEqual([...checkpoint.tensors.keys()], Object.keys(wanted))
  const floats = await collected(tensorflowVariables(tensorflow('dtypes.ckpt')))
  for (const [name, { dtype, shape, values }] of Object.entries(wanted)) {
    assert.deepEqual([checkpoint.tensors.get(name)!.dtype, checkpoint.tensors.get(name)!.shape], [dtype, shape], name)
    if (values === null) continue
    const { data } = await checkpoint.read(name)
    if (data instanceof BigInt64Array) assert.deepEqual([...data], values.map(BigInt))
    else {
      const found = floats.get(name)?.data ?? (data as Int32Array)
      const numbers = values.map((value) => (value === 'inf' ? Infinity : Number(value)))
      assert.deepEqual([...found], numbers.map(floats.has(name) ? Math.fround : Number), name)
    }
  }
  await assert.rejects(checkpoint.read('d/string'), {
    name: 'FileError',
    message: /: "d\/string" has dtype string; float32, bfloat16, float16, int32, int64 can be read$/,
  })
  await assert.rejects(checkpoint.read('gpt2/wte'), /has no tensor "gpt2\/wte"; it has 8: a\/bfloat16, /)
  await checkpoint.close()
})

test('a bfloat16 run: bfloat16 masters become f32 exactly', async () => {
  const wanted = await tensorsOf(tensorflow('bf16.safetensors'))
  const source = await openTensorflowVariables(tensorflow('bf16.ckpt'))
  assert.equal(source.step, 42)
  const found = await collected(source.variables)
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort())
  for (const [name, { data, shape }] of found) {
    assert.deepEqual(shape, wanted.get(name)!.shape, name)
    assertSame(data, wanted.get(name)!.data, name)
  }
  await source.close()
})

test('a partitioned variable is named and refused; the rest can be read', async () => {
  const checkpoint = await openTensorflowCheckpoint(tensorflow('sliced.ckpt'))
  assert.deepEqual([...checkpoint.tensors.keys()], ['w'])
  await assert.rejects(checkpoint.read('w'), {
    name: 'FileError',
    message: /: "w" is a partitioned variable, stored in 2 slices, which is not supported\. Save it whole$/,
  })
  await checkpoint.close()
})

test('the path may be the prefix, one of the files, or the folder', async (t) => {
  const folder = copyOf(t, original)
  const prefix = join(folder, 'model.ckpt-10')
  const opened = async (path: string) => {
    const checkpoint = await openTensorflowCheckpoint(path)
    await checkpoint.close()
    return checkpoint.prefix
  }
  for (const path of [prefix, `${prefix}.index`, `${prefix}.data-00001-of-00002`, folder])
    assert.equal(await opened(path), prefix)
  // As the released models have it: an absolute path of another machine, with characters in octal.
  writeFileSync(join(folder, 'checkpoint'), 'model_checkpoint_path: "gs://b\\303\\274cket/x/model.ckpt-10"\n')
  assert.equal(await opened(folder), prefix)
  writeFileSync(join(folder, 'checkpoint'), 'model_checkpoint_path: "/b\\303\\274cket/model.ckpt-7"\n')
  await assert.rejects(opened(folder), {
    message: /names "\/bücket\/model\.ckpt-7", but there is no .*model\.ckpt-7\.index/,
  })
  writeFileSync(join(folder, 'checkpoint'), 'all: "x"\n')
  await assert.rejects(opened(folder), {
    message: /checkpoint names no model_checkpoint_path\. Give the checkpoint's prefix/,
  })
  rmSync(join(folder, 'checkpoint'))
  assert.equal(await opened(folder), prefix)
  cpSync(`${prefix}.index`, join(folder, 'other.index'))
  await assert.rejects(opened(folder), {
    message: /no file named checkpoint .* Give one of .*model\.ckpt-10, .*other$/,
  })

  const empty = temporaryFolder(t)
  await assert.rejects(opened(empty), {
    message: /holds no TensorFlow checkpoint: neither a file named checkpoint nor /,
  })
  await assert.rejects(opened(join(empty, 'x')), { message: /^there is no .*x\.index\. Give the path that / })
  writeFileSync(join(empty, 'x'), 'one file')
  await assert.rejects(opened(join(empty, 'x')), { message: /is no TensorFlow V2 checkpoint: .* older V1 format/ })
})

test('damaged checkpoints: one line that says what is wrong with which file', async (t) => {
  const cases: [name: string, damage: (prefix: string) => void, message: RegExp][] = [
    [
      'a shard is missing',
      (p) => rmSync(`${p}.data-00001-of-00002`),
      /model\.ckpt-10\.data-00001-of-00002 is missing: the checkpoint has 2 data files\. Copy it there$/,
    ],
    [
      'a shard is cut off',
      (p) => truncateSync(`${p}.data-00001-of-00002`, 1000),
      /data-00001-of-00002 is cut off: it has 1000 bytes, its tensors end at 157824\. Copy it again$/,
    ],
    [
      'the index is cut off',
      (p) => truncateSync(`${p}.index`, 2000),
      /index is not a sound checkpoint index: its last 8 bytes/,
    ],
    [
      'another kind of file',
      (p) => writeFileSync(`${p}.index`, Buffer.alloc(100)),
      /its last 8 bytes are not those of a table/,
    ],
    [
      'an index without a header',
      (p) => writeFileSync(`${p}.index`, makeTable([], { entriesPerBlock: 1, entriesPerRestart: 1 })),
      /is not a checkpoint index: it is a table without a header entry$/,
    ],
    [
      'big-endian',
      (p) => writeFileSync(`${p}.index`, headerOnly([8, 1, 16, 1])),
      /big-endian machine, which is not supported$/,
    ],
    [
      'a later format',
      (p) => writeFileSync(`${p}.index`, headerOnly([8, 1, 26, 2, 16, 2])),
      /readers must know version 2 of the format; this one knows 1$/,
    ],
    [
      'more data files than there can be',
      (p) => writeFileSync(`${p}.index`, headerOnly([8, 0x80, 0xa8, 0xd6, 0xb9, 7])),
      /must name 1 to 99999 data files \(got 2000000000\)$/,
    ],
    [
      'a negative number of data files',
      (p) => writeFileSync(`${p}.index`, headerOnly([8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1])),
      /must name 1 to 99999 data files \(got -1\)$/,
    ],
    [
      'a Git LFS pointer as index',
      (p) => writeFileSync(`${p}.index`, lfsPointer),
      /\.index must be a part of a TensorFlow checkpoint \(got a Git LFS pointer\)/,
    ],
    [
      'a Git LFS pointer as data',
      (p) => writeFileSync(`${p}.data-00001-of-00002`, lfsPointer),
      /data-00001-of-00002 must be a part of a TensorFlow checkpoint \(got a Git LFS pointer\)/,
    ],
    ['a header that is none', (p) => writeFileSync(`${p}.index`, headerOnly([8])), /its header cannot be read/],
  ]
  for (const [name, damage, message] of cases) {
    const prefix = join(copyOf(t, original), 'model.ckpt-10')
    damage(prefix)
    await assert.rejects(openTensorflowCheckpoint(prefix), { name: 'FileError', message }, name)
  }
  const prefix = join(copyOf(t, original), 'model.ckpt-10')
  const shard = readFileSync(`${prefix}.data-00001-of-00002`)
  shard[70] ^= 4
  writeFileSync(`${prefix}.data-00001-of-00002`, shard)
  const checkpoint = await openTensorflowCheckpoint(prefix)
  await assert.rejects(checkpoint.read('gpt2/h0/attn/compute_output_bias/o_b/adam_m'), {
    name: 'FileError',
    message: /the checksum of "gpt2\/h0\/attn\/compute_output_bias\/o_b\/adam_m" does not match: its bytes are damaged/,
  })
  await checkpoint.read('gpt2/h0/attn/compute_output_bias/o_b')
  await checkpoint.close()
})

const lfsPointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n'

function headerOnly(bytes: number[]): Buffer {
  return makeTable([['', Uint8Array.from(bytes)]], { entriesPerBlock: 1, entriesPerRestart: 1 })
}
