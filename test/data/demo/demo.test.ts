import assert from 'node:assert/strict'
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { prepareDemoData, demoTexts, trainDemoTokenizer, openSplits } from '../../../src/data/index.js'
import { sha256File } from '../../../src/files/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'

test("the demo's texts become a tokenizer and data with a part held out, which find each other", async (t) => {
  const folder = temporaryFolder(t)
  const [file, output] = [join(folder, 'my/tokenizer.json'), join(folder, 'data')]
  await trainDemoTokenizer({ file, vocabSize: 300 })
  await prepareDemoData({ tokenizer: file, output, contextLength: 100 })
  const splits = await openSplits(join(output, 'dataset.json'), { contextLength: 100, vocabularySize: 300 })
  t.after(() => splits.close())
  const { samples, validation, tokenizer } = splits
  assert.equal(tokenizer, file)
  const [training, heldOut] = [samples, validation!].map(({ indexes: [index] }) => index)
  assert.equal(training.documents + heldOut.documents, (await demoTexts()).length)
  assert.ok(heldOut.bytes > 0.01 * training.bytes && heldOut.bytes < 0.1 * training.bytes)
  assert.equal(training.tokenizerHash, await sha256File(file))
  assert.equal((await samples.read(0)).length, 101)
})

test('data finds its tokenizer from wherever it was prepared and is opened, and after both have moved', async (t) => {
  const folder = temporaryFolder(t)
  const before = process.cwd()
  t.after(() => process.chdir(before))
  process.chdir(folder)
  mkdirSync('made')
  mkdirSync('elsewhere')
  await trainDemoTokenizer({ file: 'made/tokenizer.json', vocabSize: 300 })
  await prepareDemoData({ tokenizer: 'made/tokenizer.json', output: 'made/data', contextLength: 100 })
  renameSync('made', 'moved')
  process.chdir('elsewhere')
  const splits = await openSplits('../moved/data/dataset.json', { contextLength: 100, vocabularySize: 300 })
  t.after(() => splits.close())
  assert.equal(splits.tokenizer, join(folder, 'moved/tokenizer.json'))
})
