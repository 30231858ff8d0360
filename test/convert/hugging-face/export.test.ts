import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exportHf, huggingFaceVariables, importHf, type ConvertProgress } from '../../../src/convert/index.js'
import { openCheckpoint, saveCheckpoint } from '../../../src/checkpoint/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { assertSame, collected, copyOf, huggingFace, tensorsOf } from '../support.js'

const single = huggingFace('single')

test('imported and exported again, every tensor has its bytes', async (t) => {
  const folder = temporaryFolder(t)
  const [imported, output] = [join(folder, 'imported'), join(folder, 'exported')]
  await importHf(single, imported)
  const seen: ConvertProgress[] = []
  const totals = await exportHf(imported, output, { onProgress: (progress) => seen.push(progress) })
  const wanted = await tensorsOf(join(single, 'model.safetensors'))
  const found = await tensorsOf(join(output, 'model.safetensors'))
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort())
  for (const [name, { data, shape, dtype }] of found) {
    assert.deepEqual([dtype, shape], ['F32', wanted.get(name)!.shape], name)
    assertSame(data, wanted.get(name)!.data, name)
  }
  assert.deepEqual(
    [totals.tensors, totals.bytes, totals.parameters],
    [43, 4 * totals.parameters, seen.at(-1)!.bytes / 4],
  )
  assert.deepEqual(totals.notes, [
    'no tokenizer was given: transformers needs a tokenizer.json in the folder to encode text',
  ])
  assert.deepEqual(readdirSync(output).sort(), ['config.json', 'model.safetensors'])
})

test('shards keep within the size asked for, and import again as the same model', async (t) => {
  const folder = temporaryFolder(t)
  const [imported, output] = [join(folder, 'imported'), join(folder, 'exported')]
  await importHf(single, imported)
  const { bytes } = await exportHf(imported, output, { maxShardBytes: 20_000 })
  const index = JSON.parse(readFileSync(join(output, 'model.safetensors.index.json'), 'utf8'))
  const files = readdirSync(output)
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
  assert.deepEqual(
    files,
    [1, 2, 3, 4].map((i) => `model-0000${i}-of-00004.safetensors`),
  )
  assert.equal(index.metadata.total_size, bytes)
  assert.equal(Object.keys(index.weight_map).length, 43)
  for (const file of files) {
    const tensors = await tensorsOf(join(output, file))
    const size = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
    assert.ok(size <= 20_000, `${file} has ${size} bytes of tensors`)
    for (const name of tensors.keys()) assert.equal(index.weight_map[name], file)
  }
  const wanted = await collected(huggingFaceVariables(single))
  for (const [name, { data }] of await collected(huggingFaceVariables(output)))
    assertSame(data, wanted.get(name)!.data, name)
})

test('a tokenizer in the checkpoint goes along, and its <|endoftext|> ends texts', async (t) => {
  const folder = copyOf(t, single)
  const json = JSON.stringify({ added_tokens: [{ id: 60, content: '<|endoftext|>', special: true }] })
  writeFileSync(join(folder, 'tokenizer.json'), json)
  const [imported, output] = [join(folder, 'imported'), join(folder, 'exported')]
  await importHf(folder, imported)
  const { notes } = await exportHf(imported, output)
  assert.match(notes.join(), /^the tokenizer cannot be used here: .*tokenizer\.json: no "model"/)
  assert.equal(readFileSync(join(output, 'tokenizer.json'), 'utf8'), json)
  const config = JSON.parse(readFileSync(join(output, 'config.json'), 'utf8'))
  assert.deepEqual([config.bos_token_id, config.eos_token_id], [60, 60])
  const about = JSON.parse(readFileSync(join(output, 'tokenizer_config.json'), 'utf8'))
  assert.equal(about.eos_token, '<|endoftext|>')

  const few = exportHf(imported, join(folder, 'few'), { vocabSize: 60 })
  await assert.rejects(few, /vocabSize: 60 is too few: .*tokenizer\.json has 61 tokens, and each needs its row$/)
})

test('a tokenizer with more tokens than the model has rows is a note', async (t) => {
  const folder = copyOf(t, single)
  await importHf(folder, join(folder, 'imported'))
  const { notes } = await exportHf(join(folder, 'imported'), join(folder, 'exported'), { tokenizer: 'gpt2' })
  assert.match(notes.join(), /^gpt2 has 50257 tokens, the model \d+ rows: it knows nothing of the ids from \d+ on$/)
  const { added_tokens: added } = JSON.parse(readFileSync(join(folder, 'exported/tokenizer.json'), 'utf8'))
  assert.equal(added[0].id, 50256)
})

test('optimizer slots stay behind; rows beyond vocabSize are cut off', async (t) => {
  const folder = temporaryFolder(t)
  const [imported, trained, output] = ['imported', 'trained', 'exported'].map((name) => join(folder, name))
  await importHf(single, imported)
  const source = await openCheckpoint(imported)
  const variables = Object.entries(source.manifest.variables).map(([name, { shape }]) => ({
    name,
    shape,
    data: () => source.read(name, shape),
  }))
  const slots = variables.map(({ name, shape, data }) => ({ name: `${name}/adam_m`, shape, data }))
  await saveCheckpoint(trained, [...variables, ...slots], { step: 3, tokens: 9, config: source.config })
  await source.close()
  await exportHf(trained, output, { vocabSize: 53 })
  const found = await tensorsOf(join(output, 'model.safetensors'))
  const wte = found.get('transformer.wte.weight')!
  assert.deepEqual([found.size, wte.shape], [43, [53, 20]])
  const whole = (await tensorsOf(join(single, 'model.safetensors'))).get('transformer.wte.weight')!
  assertSame(wte.data, whole.data.subarray(0, 4 * 53 * 20), 'wte')
  assert.equal(JSON.parse(readFileSync(join(output, 'config.json'), 'utf8')).vocab_size, 53)
})

test('after a refusal or an abort nothing is left', async (t) => {
  const folder = temporaryFolder(t)
  const [imported, output] = [join(folder, 'imported'), join(folder, 'exported')]
  await importHf(single, imported)
  await assert.rejects(exportHf(imported, output, { vocabSize: 62 }), /vocabSize: 62 is not possible/)
  const stop = new AbortController()
  const onProgress = ({ tensors }: ConvertProgress) => tensors === 9 && stop.abort(new Error('enough'))
  await assert.rejects(exportHf(imported, output, { signal: stop.signal, onProgress }), { message: 'enough' })
  assert.deepEqual(readdirSync(folder), ['imported'])
  await assert.rejects(exportHf(imported, imported), /exists and is not empty/)
  await assert.rejects(exportHf(folder, output), /holds no checkpoint: neither manifest\.json nor checkpoints\/step-\*/)
})
