import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { prepareData } from '../../src/data/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { fixtures, goldens } from './fixtures.js'

/** What the original's tokenizer made of each text, at the stage at which it was given it. */
const ids = new Map<string, number[]>()
for (const document of Object.values(goldens.documents)) {
  ids.set(document.read, document.ids_of_read)
  ids.set(document.detokenized, document.ids)
}

for (const golden of goldens.create_tfrecords.filter(
  ({ arguments: flags }) => flags[flags.indexOf('--processes') + 1] === '1',
)) {
  test(`the same files as create_tfrecords made, to the byte: ${golden.name}`, async (t) => {
    const flag = (name: string) => golden.arguments[golden.arguments.indexOf(name) + 1]
    // Naming a clean-up's flag switched it off.
    const clean = !golden.arguments.includes('--ftfy')
    const { train } = await prepareData({
      inputs: golden.files_in_the_order_read.map((file) => join(fixtures, golden.input, file)),
      output: join(temporaryFolder(t), 'out'),
      name: flag('--name'),
      contextLength: Number(flag('--chunk_size')),
      separator: [Number(flag('--separator'))],
      minimumSize: Number(flag('--minimum_size')),
      recordsPerFile: Number(flag('--files_per')),
      packing: 'gpt-neo',
      // Python's text mode turns CR LF into LF before anything else.
      normalise: { newlines: true, nfkc: clean, quotes: clean, entities: clean, wikitext: clean },
      tokenizer: { encode: (text) => ids.get(text)! },
      vocabularySize: 400,
      eosId: 0,
    })
    assert.deepEqual(train.files.map(({ name }) => name).sort(), golden.files.map(({ file }) => file).sort())
    for (const { name } of train.files) {
      assert.deepEqual(readFileSync(join(train.path, name)), readFileSync(join(fixtures, golden.name, name)), name)
    }
    assert.equal(train.tokens, train.records * 17 + train.tokensDropped)
  })
}
