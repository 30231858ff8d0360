import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSplits, prepareData } from '../../../src/data/index.js'
import { loadTokenizer, saveTokenizer } from '../../../src/tokenizer/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { writeRecords } from '../fixtures.js'

test('the tokenizer of a data set: a released one by its name, a file, a folder', async (t) => {
  const folder = temporaryFolder(t)
  const at = (name: string) => join(folder, name)
  writeFileSync(at('a.txt'), 'Four score and seven years ago '.repeat(20))
  const tokenizer = await loadTokenizer('gpt2')
  const prepare = (output: string, tokenizerPath: string) =>
    prepareData({
      inputs: at('a.txt'),
      output: at(output),
      tokenizer,
      tokenizerPath,
      vocabularySize: tokenizer.vocabSize,
      eosId: 50256,
      contextLength: 8,
    })
  const found = async (output: string) => {
    const splits = await openSplits(at(`${output}/dataset.json`), { contextLength: 8, vocabularySize: 50257 })
    splits.close()
    return splits.tokenizer
  }
  const config = (output: string) => JSON.parse(readFileSync(at(`${output}/dataset.json`), 'utf8'))

  await prepare('named', 'EleutherAI/gpt-neo-125M')
  const { tokenizer_is_pretrained, tokenizer_path, eos_id } = config('named')
  assert.deepEqual([tokenizer_is_pretrained, tokenizer_path, eos_id], [true, 'gpt2', 50256])
  assert.equal(await found('named'), 'gpt2')

  await saveTokenizer(tokenizer, at('tokenizer.json'))
  await prepare('filed', at('tokenizer.json'))
  assert.deepEqual(
    [config('filed').tokenizer_is_pretrained, config('filed').tokenizer_path],
    [false, '../tokenizer.json'],
  )
  assert.equal(await found('filed'), at('tokenizer.json'))

  await prepare('foldered', folder)
  assert.equal(await found('foldered'), folder)

  cpSync(at('filed'), at('moved/filed'), { recursive: true })
  assert.equal(await found('moved/filed'), undefined)
})

test('a tokenizer that is not supported is a note: training needs only ids', async (t) => {
  const folder = temporaryFolder(t)
  writeRecords(folder, 'a_0_1.tfrecords', [[1, 2, 3, 4, 5]])
  const file = join(folder, 'dataset.json')
  writeFileSync(file, JSON.stringify({ path: '*.tfrecords', tokenizer_path: 'cl100k_base' }))
  const emit = t.mock.method(process, 'emitWarning', () => {})
  const splits = await openSplits(file, { contextLength: 4 })
  splits.close()
  assert.equal(splits.tokenizer, undefined)
  assert.match(
    String(emit.mock.calls[0].arguments[0]),
    /dataset\.json: tokenizer_path: cl100k_base: must be .*keeps no/,
  )
})
