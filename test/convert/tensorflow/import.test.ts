import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { importTf, type ConvertProgress } from '../../../src/convert/index.js'
import { sha256 } from '../../../src/files/index.js'
import { openCheckpoint } from '../../../src/checkpoint/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { assertSame, copyOf, tensorflow, tensorsOf } from '../support.js'

const config = tensorflow('bf16.json')

test('a checkpoint with slots becomes one of ours, from which training can go on', async (t) => {
  const output = join(temporaryFolder(t), 'imported')
  const tokenizer = join(temporaryFolder(t), 'tokenizer.json')
  writeFileSync(tokenizer, '{"model": {}}')
  const seen: ConvertProgress[] = []
  const onProgress = (progress: ConvertProgress) => seen.push(progress)
  const totals = await importTf(tensorflow('bf16.ckpt'), output, { config, tokenizer, onProgress })
  const wanted = await tensorsOf(tensorflow('bf16.safetensors'))
  const parameters = [...wanted].filter(([name]) => !name.includes('adam_'))
  const bytes = [...wanted.values()].reduce((sum, { data }) => sum + data.length, 0)
  assert.deepEqual(
    { ...totals, notes: totals.notes.filter((note) => !note.includes('has no effect')) },
    {
      output,
      tensors: 90,
      bytes,
      notes: [],
      parameters: parameters.reduce((sum, [, { data }]) => sum + data.length / 4, 0),
    },
  )
  assert.equal(seen.length, 90)
  assert.deepEqual(seen.at(-1)!.bytes, seen[0].totalBytes)

  const checkpoint = await openCheckpoint(output)
  assert.deepEqual([checkpoint.manifest.step, checkpoint.manifest.tokens], [42, 42 * 4 * 12])
  assert.equal(checkpoint.manifest.tokenizer, sha256(readFileSync(tokenizer)))
  assert.equal(checkpoint.config.n_embd, 10)
  for (const [name, { shape, data }] of wanted) assertSame(await checkpoint.read(name, shape), data, name)
  await checkpoint.close()
  assert.deepEqual(readFileSync(join(output, 'tokenizer.json')), readFileSync(tokenizer))
  await assert.rejects(importTf(tensorflow('bf16.ckpt'), output, { config }), /exists and is not empty/)
})

test('config.json beside the checkpoint is taken; without one, the error says what to give', async (t) => {
  const folder = copyOf(t, tensorflow(''))
  const output = join(temporaryFolder(t), 'imported')
  const prefix = join(folder, 'bf16.ckpt')
  await assert.rejects(importTf(prefix, output), {
    name: 'FileError',
    message: /^TensorFlow checkpoints do not hold the model config, and there is no .*config\.json\. Give the config /,
  })
  writeFileSync(join(folder, 'config.json'), readFileSync(config))
  assert.equal((await importTf(prefix, output)).tensors, 90)
})

test('a config that does not fit: the first variable that differs is named', async (t) => {
  const output = join(temporaryFolder(t), 'imported')
  const keys = JSON.parse(readFileSync(config, 'utf8'))
  const cases: [changes: object, message: RegExp][] = [
    [
      { n_layer: 4, attention_types: [[['global', 'local'], 2]] },
      /does not fit the model config: it lacks "gpt2\/h2\/norm_1\/g" and 25 more\. Give the config that it was trained/,
    ],
    [
      { n_layer: 1, attention_types: [[['global'], 1]] },
      /the model has no "gpt2\/h1\/.*" and 38 more\. Give the config/,
    ],
    [{ n_vocab: 31 }, /"gpt2\/wte" has shape \[29, 10\], the config gives \[vocab 31, embd 10\]$/],
  ]
  for (const [changes, message] of cases) {
    const path = join(temporaryFolder(t), 'config.json')
    writeFileSync(path, JSON.stringify({ ...keys, ...changes }))
    await assert.rejects(importTf(tensorflow('bf16.ckpt'), output, { config: path }), { name: 'FileError', message })
  }
  assert.ok(!existsSync(output))
})

test('an abort leaves nothing behind', async (t) => {
  const folder = temporaryFolder(t)
  const stop = new AbortController()
  const onProgress = ({ tensors }: ConvertProgress) => tensors === 3 && stop.abort(new Error('enough'))
  const options = { config, signal: stop.signal, onProgress }
  await assert.rejects(importTf(tensorflow('bf16.ckpt'), join(folder, 'x'), options), { message: 'enough' })
  assert.deepEqual(readdirSync(folder), [])
})
