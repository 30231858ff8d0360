import assert from 'node:assert/strict'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { exportHf } from '../../src/convert/index.js'
import { openSplits } from '../../src/data/index.js'
import { saveTokenizer, trainTokenizer } from '../../src/tokenizer/index.js'
import { exportWeb } from '../../src/web/index.js'
import { only, world } from './support.js'

/** The world with another tokenizer of as many tokens beside its own. */
async function withOther() {
  const made = await world()
  const { path } = made
  if (!existsSync(path('other.json'))) {
    const files = Array.from({ length: 5 }, (_, i) => path('texts', `${i}.txt`))
    await saveTokenizer(await trainTokenizer({ files, vocabSize: 290 }), path('other.json'))
  }
  return made
}

const config = { train_steps: 2 }
const whole = { validation: undefined }

test("a tokenizer that is not the data's is refused, before and after the run has one, and nothing is written", async () => {
  const { run, path } = await withOther()
  const message =
    /other\.json must be the tokenizer that the data was prepared with \(sha256 \w{12}, got \w{12}\)\. Restore/
  await assert.rejects(run('new', { config, ...whole, tokenizer: path('other.json') }), message)
  assert.ok(!existsSync(path('new')))

  await run('kept', { config, ...whole, tokenizer: path('tokenizer.json') })
  const kept = readFileSync(path('kept/tokenizer.json'))
  assert.ok(kept.equals(readFileSync(path('tokenizer.json'))))
  await assert.rejects(run('kept', { config: { train_steps: 3 }, ...whole, tokenizer: path('other.json') }), message)
  assert.ok(readFileSync(path('kept/tokenizer.json')).equals(kept))
  assert.ok(!existsSync(path('kept/checkpoints/step-00000003')))
})

test('data that names no hash: the tokenizer that the run has is not replaced', async () => {
  const { run, path, samples } = await withOther()
  const data = { ...samples, indexes: [] }
  await run('foreign', { config, ...whole, data, tokenizer: path('tokenizer.json') })
  await assert.rejects(
    run('foreign', { config, ...whole, data, tokenizer: path('other.json') }),
    /other\.json must be the run's tokenizer/,
  )
})

test('a folder is followed to its tokenizer.json; without a tokenizer the start says that none is kept', async () => {
  const { run, path } = await withOther()
  mkdirSync(path('folder'), { recursive: true })
  copyFileSync(path('tokenizer.json'), path('folder/tokenizer.json'))
  await run('followed', { config, ...whole, tokenizer: path('folder') })
  assert.ok(readFileSync(path('followed/tokenizer.json')).equals(readFileSync(path('tokenizer.json'))))
  const [start] = only(await run('without', { config, ...whole }), 'start')
  assert.match(start.notes!.join(), /^no tokenizer is kept with the run/)
  const [again] = only(await run('followed', { config: { train_steps: 3 }, ...whole }), 'start')
  assert.deepEqual(
    again.notes!.filter((note) => note.includes('tokenizer')),
    [],
    'the run has it',
  )
})

test('exports refuse a kept tokenizer that is not that of the data, and note one that is given', async () => {
  const { run, path } = await withOther()
  await run('spoiled', { config: { ...config, attention_types: [[['global'], 2]], rotary_emb: undefined }, ...whole })
  copyFileSync(path('other.json'), path('spoiled/tokenizer.json'))
  const wrong = /spoiled\/tokenizer\.json is not the tokenizer that the model's data was prepared with\. Restore it/
  await assert.rejects(exportHf(path('spoiled'), path('hf')), wrong)
  await assert.rejects(exportWeb(path('spoiled'), path('web')), wrong)
  assert.ok(!existsSync(path('hf')) && !existsSync(path('web')))
  const { notes } = await exportHf(path('spoiled'), path('hf'), { tokenizer: path('other.json') })
  assert.match(notes.join(), /other\.json is not the tokenizer/)
  rmSync(path('spoiled/tokenizer.json'))
  copyFileSync(path('tokenizer.json'), path('spoiled/tokenizer.json'))
  await assert.doesNotReject(exportHf(path('spoiled'), path('hf2')))
})

test('data of two tokenizers is refused, within a set and between training and validation', async () => {
  const { run, path, samples, validation } = await withOther()
  const other = { ...validation.indexes[0], tokenizerHash: 'f'.repeat(64) }
  await assert.rejects(
    run('two', { config, validation: { ...validation, indexes: [other] } }),
    /training and validation data must be prepared with one tokenizer \(got sha256 \w{12}, sha256 ffffffffffff\)/,
  )
  assert.ok(samples.indexes.length > 0 && !existsSync(path('two')))
  cpSync(path('data'), path('two-sets/a'), { recursive: true })
  cpSync(path('data'), path('two-sets/b'), { recursive: true })
  const { writeFileSync } = await import('node:fs')
  const index = path('two-sets/b/train/index.json')
  writeFileSync(index, JSON.stringify({ ...JSON.parse(readFileSync(index, 'utf8')), tokenizerHash: 'f'.repeat(64) }))
  writeFileSync(path('two-sets/set.json'), JSON.stringify({ path: path('two-sets/*/train/*.tfrecords') }))
  await assert.rejects(
    openSplits(path('two-sets/set.json'), {}),
    /the data must be prepared with one tokenizer .* Prepare all of it again/,
  )
})
