import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { test } from 'node:test'
import { datasetFiles, readDatasetConfig } from '../../../src/data/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { startStorage } from '../../files/google-storage/server.js'
import { fixtures, writeRecords } from '../fixtures.js'

test("a config of GPT-Neo is read as it is; what it leaves out has GPT-Neo's defaults", async (t) => {
  const file = join(temporaryFolder(t), 'pile.json')
  writeFileSync(
    file,
    JSON.stringify({
      n_vocab: 50257,
      path: 'gs://neo-datasets/pile/pile_*.tfrecords',
      eval_path: 'gs://neo-datasets/pile_val.tfrecords',
      tokenizer_is_pretrained: true,
      tokenizer_path: 'gpt2',
      eos_id: 50256,
      padding_id: 50257,
    }),
  )
  const config = await readDatasetConfig(file)
  assert.deepEqual(
    [config.n_vocab, config.tokenizer_path, config.eos_id, config.padding_id, config.file],
    [50257, 'gpt2', 50256, 50257, file],
  )
  const storage = await startStorage('neo-datasets')
  for (const name of ['pile_10.tfrecords', 'pile_2.tfrecords', 'other.tfrecords'])
    storage.put('neo-datasets', `pile/${name}`, '')
  assert.deepEqual(
    await datasetFiles(config, 'path'),
    [2, 10].map((number) => `gs://neo-datasets/pile/pile_${number}.tfrecords`),
  )
  await assert.rejects(datasetFiles(config, 'eval_path'), /gs:\/\/neo-datasets\/pile_val\.tfrecords: no file matches/)
  writeFileSync(file, '{"path": "x"}')
  const bare = await readDatasetConfig(file)
  assert.deepEqual([bare.eos_id, bare.padding_id, bare.eval_path, bare.tokenizer_is_pretrained], [1, 0, '', false])
  await assert.rejects(datasetFiles(bare, 'eval_path'), /pile\.json: eval_path is empty, so there is no data for this/)
})

test('all problems are told at once, with the keys there are', async (t) => {
  const file = join(temporaryFolder(t), 'bad.json')
  writeFileSync(file, JSON.stringify({ pth: 'x', eos_id: -1, n_vocab: '50257' }))
  await assert.rejects(readDatasetConfig(file), (error: Error) => {
    for (const words of [
      /bad\.json is not a dataset config; its keys are path, eval_path/,
      /^  pth: no such key$/m,
      /^  path: it is missing$/m,
      /^  eos_id: expected number to be >=0$/m,
      /^  n_vocab: expected number, received string$/m,
    ]) {
      assert.match(error.message, words)
    }
    return error.name === 'DataError'
  })
  writeFileSync(file, '[]')
  await assert.rejects(readDatasetConfig(file), /is not a dataset config/)
  writeFileSync(file, '')
  await assert.rejects(readDatasetConfig(file), /bad\.json must be a JSON file \(got an empty file\)/)
  await assert.rejects(readDatasetConfig(`${file}x`), /cannot read .*: it does not exist/)
})

test('paths: absolute, beside the config, under the current directory; both or none is an error', async (t) => {
  const folder = join(temporaryFolder(t), 'odd [name]*')
  mkdirSync(folder)
  const file = join(folder, 'd.json')
  const config = (path: string) => ({
    path,
    eval_path: '',
    eos_id: 1,
    padding_id: 0,
    tokenizer_is_pretrained: false,
    file,
  })
  mkdirSync(join(folder, 'made'))
  writeRecords(join(folder, 'made'), 'x_0_1.tfrecords', [[1, 2]])
  const names = async (path: string) => (await datasetFiles(config(path), 'path')).map((found) => basename(found))
  assert.deepEqual(await names('made/*.tfrecords'), ['x_0_1.tfrecords'])
  assert.deepEqual(await names(join(folder, 'made')), ['x_0_1.tfrecords'])
  assert.equal((await names(relative(process.cwd(), join(fixtures, 'records')))).length, 12)
  await assert.rejects(datasetFiles(config('none/*.tfrecords'), 'path'), (error: Error) => {
    assert.match(
      error.message,
      /d\.json: path "none\/\*\.tfrecords" finds no data\. Tried:\n  none\/\*\.tf.*: no file.*\n  .*\/none\/\*/,
    )
    return true
  })
  const beside = relative(process.cwd(), join(fixtures, 'records'))
  mkdirSync(join(folder, beside.replaceAll('..', 'up')), { recursive: true })
  if (!beside.startsWith('..')) {
    writeRecords(join(folder, beside), 'y_0_1.tfrecords', [[1, 2]])
    await assert.rejects(
      datasetFiles(config(beside), 'path'),
      /matches files under the current directory and beside the config/,
    )
  }
})
