/** GPT-Neo's config files, the configs of the package, and saved ones. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspectModelConfig, readModelConfig } from '../../../src/config/index.js'
import { readDatasetConfig } from '../../../src/data/index.js'
import { readJson } from '../../../src/files/index.js'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const shipped = readdirSync(`${root}configs/models`).map((name) => `${root}configs/models/${name}`)
const goldens = readdirSync(`${root}test/fixtures/goldens`)
  .filter((name) => name.endsWith('.json'))
  .map((name) => `${root}test/fixtures/goldens/${name}`)

/** As the config of GPT-Neo's released 2.7B is written. */
const released = {
  n_head: 20,
  n_vocab: 50257,
  embed_dropout: 0,
  lr: 0.00016,
  lr_decay: 'cosine',
  warmup_steps: 3000,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  ada_epsilon1: '1e-30',
  ada_epsilon2: 1e-3,
  opt_name: 'adam',
  weight_decay: 0,
  train_batch_size: 512,
  attn_dropout: 0,
  train_steps: 400000,
  lr_decay_end: 300000,
  eval_steps: 10,
  predict_steps: 0,
  res_dropout: 0,
  eval_batch_size: 128,
  predict_batch_size: 1,
  iterations: 500,
  n_embd: 2560,
  datasets: [['pile', null, null, null]],
  model_path: 'gs://somewhere/GPT3_2-7B',
  n_ctx: 2048,
  n_layer: 32,
  scale_by_depth: true,
  scale_by_in: false,
  attention_types: [[['global', 'local'], 16]],
  mesh_shape: 'x:64,y:4',
  layout: 'batch:x,embd:y',
  activation_function: 'gelu',
  recompute_grad: true,
  gradient_clipping: 1.0,
  tokens_per_mb_per_replica: 4096,
  padding_id: 50257,
  eos_id: 50256,
}

test('the released 2.7B loads as it is', () => {
  const { config, problems, notes } = inspectModelConfig(released, { purpose: 'train' })
  assert.deepEqual(problems, [])
  assert.equal(config!.ada_epsilon1, 1e-30)
  assert.equal(config!.local_attention_radius, 256)
  assert.deepEqual(
    notes.map((note) => note.split(/[ :]/)[0]),
    [
      'activation_function',
      'ada_epsilon1',
      'ada_epsilon2',
      'predict_batch_size',
      'iterations',
      'model_path',
      'padding_id',
      'eos_id',
      'mesh_shape',
    ],
  )
})

test("spellings of layouts, periods of attention and data sets in GPT-Neo's files", () => {
  const { config, problems } = inspectModelConfig({
    ...released,
    n_layer: 19,
    n_embd: 768,
    n_head: 12,
    attention_types: [
      [['global', 'none', 'none'], 5],
      [['none'], 4],
    ],
    mesh_shape: 'all:64',
    layout: 'batch:all',
    datasets: [['openwebtext-documents', 25, 'documents_random', 1.0]],
    train_batch_size: '512',
    lr_decay_end: null,
  })
  assert.deepEqual(problems, [])
  assert.equal(config!.train_batch_size, 512)
  assert.equal(config!.lr_decay_end, undefined)
  assert.deepEqual(config!.datasets, [['openwebtext-documents', 25, 'documents_random', 1]])
})

for (const path of shipped) {
  test(`${path.slice(root.length)} has no problems, and no note but that one device is used`, async () => {
    const { problems, notes } = inspectModelConfig(await readJson(path), { purpose: 'train' })
    assert.deepEqual(problems, [])
    assert.deepEqual(
      notes.filter((note) => !note.startsWith('mesh_shape: it is for')),
      [],
    )
  })
}

test('the configs of data sets that are shipped have no problems', async () => {
  for (const name of readdirSync(`${root}configs/datasets`)) await readDatasetConfig(`${root}configs/datasets/${name}`)
})

test('a config that was parsed, saved and read again is the same, and its notes are not repeated', async () => {
  for (const path of [...shipped, ...goldens]) {
    const json = (await readJson(path)) as any
    const { config } = inspectModelConfig(json.config ?? json)
    // Not all that is recorded is about one config.
    if (config === null) continue
    const saved = JSON.parse(JSON.stringify(config))
    const again = inspectModelConfig(saved)
    assert.deepEqual(JSON.parse(JSON.stringify(again.config)), saved, path)
    assert.deepEqual(
      again.notes.filter((note) => note.includes('no effect:')),
      [],
      path,
    )
  }
  for (const compat of ['fixed', 'gpt-neo']) {
    const { config } = inspectModelConfig({ ...released, compat, opt_name: 'adafactor', moe_layers: [1] })
    const saved = JSON.parse(JSON.stringify(config))
    assert.deepEqual(JSON.parse(JSON.stringify(inspectModelConfig(saved).config)), saved, compat)
  }
})

test('a file that is not there is said to be', async () => {
  await assert.rejects(readModelConfig(`${root}configs/models/gpt5.json`), { name: 'FileError', message: /gpt5\.json/ })
})
