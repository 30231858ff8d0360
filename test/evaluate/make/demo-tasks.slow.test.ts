/**
 * The tasks that come with neomesh are made from the texts that the demo holds out, and nothing else. To write them anew:
 *     UPDATE_TASKS=1 node dist/test/run.js evaluate/make
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSplits, prepareDemoData } from '../../../src/data/index.js'
import { makeLastWords, makeMinimalPairs, textsOfDataset } from '../../../src/evaluate/index.js'
import { loadTokenizer, tokenizerJson } from '../../../src/tokenizer/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'

const folder = fileURLToPath(new URL('../../../../configs/tasks/', import.meta.url))

test('demo-words and demo-pairs are functions of the held-out texts of the demo', async (t) => {
  const world = temporaryFolder(t)
  const [file, output] = [join(world, 'tokenizer.json'), join(world, 'data')]
  writeFileSync(file, await tokenizerJson('gpt2'))
  await prepareDemoData({ tokenizer: file, output, contextLength: 256 })
  const splits = await openSplits(join(output, 'dataset.json'), { contextLength: 256, vocabularySize: 50257 })
  const tokenizer = await loadTokenizer(file)
  const texts = await textsOfDataset(splits.validation!, tokenizer, tokenizer.idOf('<|endoftext|>')!)
  splits.close()
  assert.ok(texts.length >= 11 && texts.length <= 14, `${texts.length} texts`)
  const made = { 'demo-words': makeLastWords(texts), 'demo-pairs': makeMinimalPairs(texts) }
  for (const [name, items] of Object.entries(made)) {
    const path = join(folder, `${name}.jsonl`)
    const lines = items.map((item) => `${JSON.stringify(item)}\n`).join('')
    if (process.env.UPDATE_TASKS) writeFileSync(path, lines)
    assert.ok(readFileSync(path, 'utf8') === lines, `${path} is another: see the head of this file`)
    assert.ok(items.length >= 100, `${items.length} items`)
  }
})
