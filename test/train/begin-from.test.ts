import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync, cpSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openModel } from '../../src/convert/index.js'
import { parseModelConfig } from '../../src/config/index.js'
import { GptNeo } from '../../src/model/index.js'
import {
  meanLoss,
  openCheckpoint,
  readHistory,
  readMetrics,
  train,
  Trainer,
  type TrainOptions,
} from '../../src/train/index.js'
import { startingWeights } from '../../src/train/begin-from.js'
import { engine } from '../tensor/check.js'
import { only, world } from './support.js'

const fixtures = fileURLToPath(new URL('../../../test/fixtures/convert/', import.meta.url))

/** Rows of ids below a vocabulary, as a data set. */
function rows(count: number, contextLength: number, vocabulary: number): TrainOptions['data'] {
  const read = async (number: number) =>
    Int32Array.from({ length: contextLength + 1 }, (_, i) => (number * 31 + i * i * 7 + 3) % vocabulary)
  return { size: count, contextLength, files: [], bytesPerToken: undefined, indexes: [], read, close() {} }
}

/** The mean loss of a model, read apart from training. */
async function lossOf(path: string, data: TrainOptions['data']): Promise<number> {
  const on = await engine()
  const source = await openModel(path)
  const config = { ...source.config, train_batch_size: data.size, eval_batch_size: undefined }
  const trainer = new Trainer(on, config)
  await trainer.start(({ name, shape }) => source.read(name, shape))
  const measure = meanLoss(on, new GptNeo(config))
  const { loss } = await measure(trainer.parameters, data)
  measure.dispose()
  trainer.dispose()
  await source.close()
  return loss
}

test("a run begins with another model's loss: from a run, a Hugging Face folder and a TensorFlow checkpoint", async () => {
  const { run, path, folder } = await world()
  await run('source', { config: { train_steps: 3 }, validation: undefined })
  mkdirSync(`${folder}/tensorflow`)
  cpSync(`${fixtures}original`, `${folder}/tensorflow`, { recursive: true })
  writeFileSync(
    `${folder}/tensorflow/config.json`,
    JSON.stringify(JSON.parse(readFileSync(`${fixtures}../goldens/run.json`, 'utf8')).config),
  )
  for (const from of [path('source'), `${fixtures}hugging-face/single`, `${folder}/tensorflow`]) {
    const { config, close } = await openModel(from)
    await close()
    const data = rows(4, config.n_ctx, config.n_vocab)
    const name = `from-${from.split('/').at(-1)}`
    const events = []
    // Without a config: the model's own, with settings for fine-tuning.
    for await (const event of train({ engine: await engine(), from, run: path(name), data })) events.push(event)
    const [start] = only(events, 'start')
    assert.deepEqual([start.step, start.resumed], [0, null])
    const [first, ...rest] = only(events, 'step')
    const wanted = await lossOf(from, data)
    assert.ok(Math.abs(first.loss - wanted) < 1e-6, `${from}: ${first.loss}, its own ${wanted}`)
    assert.equal(rest.length, 2) // three passes over four sequences, four at a time
    const [begun] = await readHistory(path(name))
    assert.deepEqual([begun.step, begun.what, begun.from], [0, 'weights', null])
    assert.match(String(begun.to), new RegExp(from.split('/').at(-1)!))
  }
})

test('what must be equal is checked in one line; on request tables and layers are adapted', async () => {
  const { run, path, config } = await world()
  await run('narrow', { config: { train_steps: 1 }, validation: undefined })
  const begin = (name: string, changes: Record<string, unknown>, options = {}) =>
    run(name, { config: { train_steps: 1, ...changes }, validation: undefined, from: path('narrow'), ...options })
  await assert.rejects(begin('no', { n_embd: 8, n_head: 4, local_attention_radius: 5 }), {
    name: 'FileError',
    message:
      `the config must fit the weights of ${path('narrow/checkpoints/step-00000001')}: n_embd 16 (got 8), n_head 2 (got 4), ` +
      "local_attention_radius 4 (got 5). Use the model's own config (give none)",
  })
  await assert.rejects(
    begin('no', { n_layer: 4, attention_types: [[['global', 'local'], 2]] }),
    /n_layer 2 \(got 4\)\. .*or name the layers to take with --from-layers/,
  )
  await assert.rejects(
    begin('no', { n_vocab: 320 }),
    /n_vocab 300 \(got 320\)\. .*, or extend or cut its tables with --resize/,
  )

  const source = await openModel(path('narrow'))
  const wider = config({ n_vocab: 303, n_ctx: 20 })
  const { read, notes } = startingWeights(await engine(), source, wider, { resize: true })
  const table = await read({ name: 'gpt2/wte', shape: [303, 16] })
  const own = await source.read('gpt2/wte', [300, 16])
  assert.deepEqual(table.subarray(0, 300 * 16), own)
  const mean = Array.from({ length: 16 }, (_, i) => own.filter((_, at) => at % 16 === i).reduce((a, b) => a + b) / 300)
  for (let i = 0; i < 16; i++) assert.ok(Math.abs(table[302 * 16 + i] - mean[i]) < 1e-7)
  const positions = await read({ name: 'gpt2/wpe', shape: [20, 16] })
  assert.deepEqual(positions.subarray(16 * 16), positions.subarray(0, 4 * 16))
  assert.deepEqual(notes, [
    'gpt2/wte is extended from 300 rows to 303; the new ones are the mean of the others',
    'gpt2/wpe is extended from 16 rows to 20; the new ones repeat it from its beginning',
  ])
  const shorter = startingWeights(await engine(), source, config({ n_ctx: 8 }), { resize: true })
  assert.deepEqual(shorter.notes, ['gpt2/wpe is cut from 16 rows to 8'])
  const rotary = startingWeights(await engine(), source, config({ rotary_emb: true }), { resize: true })
  assert.deepEqual(rotary.notes, ['gpt2/wpe is left out: the config has other positions'])

  const deeper = config({ n_layer: 3, attention_types: [[['local', 'local', 'global'], 1]] })
  const repeated = startingWeights(await engine(), source, deeper, { fromLayers: [1, 1, 0] })
  const q = (of: { read(name: string, shape: number[]): Promise<Float32Array> }, layer: number) =>
    of.read(`gpt2/h${layer}/attn/q`, [16, 16])
  const named = { read: (name: string, shape: number[]) => repeated.read({ name, shape }) }
  assert.deepEqual(await q(named, 1), await q(source, 1))
  assert.deepEqual(await q(named, 2), await q(source, 0))
  await source.close()
})

test('data of another tokenizer is refused; a finished run with from is resumed, not begun again', async () => {
  const { run, samples, path } = await world()
  await run('origin', { config: { train_steps: 2 }, validation: undefined })
  const indexes = samples.indexes.map((index) => ({ ...index, tokenizerHash: 'f'.repeat(64) }))
  await assert.rejects(
    run('other', { from: path('origin'), data: { ...samples, indexes }, validation: undefined }),
    /the data must be prepared with the tokenizer of .*origin.* \(sha256 [0-9a-f]{12}, got ffffffffffff\)/,
  )
  const given = { config: { train_steps: 3 }, from: path('origin'), validation: undefined }
  await run('tuned', given)
  const again = await run('tuned', given)
  assert.equal(only(again, 'start')[0].step, 3)
  assert.equal((await readMetrics(path('tuned/metrics.jsonl'))).length, 3)
  const { manifest, close } = await openCheckpoint(path('tuned/checkpoints/step-00000003'))
  await close()
  assert.equal(manifest.step, 3)
  parseModelConfig(manifest.config)
})
