import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { prepareData } from '../../../src/data/index.js'
import { loadTokenizer } from '../../../src/tokenizer/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { fixtures } from '../fixtures.js'

test('data prepared with "gpt2" is, byte for byte, what create_tfrecords.py of GPT-Neo makes with it', async (t) => {
  const recorded = join(fixtures, 'gpt2') // by test/reference/make_gpt2_fixtures.py
  const order = JSON.parse(readFileSync(join(recorded, 'order.json'), 'utf8')) as string[]
  const folder = temporaryFolder(t)
  const output = join(folder, 'out')
  mkdirSync(join(folder, 'texts'))
  // Python reads text with "\r\n" as "\n"; here it is kept.
  for (const name of order)
    writeFileSync(
      join(folder, 'texts', name),
      readFileSync(join(fixtures, 'texts', name), 'utf8').replaceAll('\r\n', '\n'),
    )
  const tokenizer = await loadTokenizer('gpt2')
  await prepareData({
    inputs: order.map((name) => join(folder, 'texts', name)),
    output,
    name: 'gpt2',
    tokenizer,
    vocabularySize: tokenizer.vocabSize,
    eosId: tokenizer.idOf('<|endoftext|>')!,
    contextLength: 16,
    packing: 'gpt-neo',
    minimumSize: 8,
    recordsPerFile: 4,
  })
  const files = (folder: string) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.tfrecords'))
      .sort()
  assert.ok(files(recorded).length > 5)
  assert.deepEqual(files(join(output, 'train')), files(recorded))
  for (const name of files(recorded))
    assert.deepEqual(readFileSync(join(output, 'train', name)), readFileSync(join(recorded, name)), name)
})
