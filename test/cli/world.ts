/** A small tokenizer, data set and model, for tests of the commands. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareData } from '../../src/data/index.js'
import { saveTokenizer, trainTokenizer } from '../../src/tokenizer/index.js'
import { sha256File } from '../../src/files/index.js'

/** Text with some regularity to learn. */
export function someText(lines: number, seed = 1): string {
  let state = seed
  const next = (below: number) => (state = (state * 48271) % 2147483647) % below
  const words = ['the', 'union', 'state', 'of', 'peace', 'war', 'and', 'law', 'our', 'people', 'naïve', '日本']
  return Array.from({ length: lines }, () =>
    Array.from({ length: 4 + next(9) }, () => words[next(words.length)]).join(' '),
  ).join('\n')
}

export const TINY = {
  n_vocab: 300,
  n_ctx: 16,
  n_embd: 16,
  n_head: 2,
  n_layer: 2,
  attention_types: [[['global', 'local'], 1]],
  local_attention_radius: 4,
  opt_name: 'adamw',
  lr: 0.003,
  warmup_steps: 2,
  weight_decay: 0.1,
  train_steps: 4,
  train_batch_size: 2,
  eval_batch_size: 4,
  steps_per_checkpoint: 500,
  precision: 'float32',
  seed: 7,
}

/** Writes texts/, tokenizer.json (of so many tokens), data/ and model.json into a folder. */
export async function makeWorld(folder: string, changes: Record<string, unknown> = {}, vocabSize = 300): Promise<void> {
  const at = (...path: string[]) => join(folder, ...path)
  mkdirSync(at('texts'))
  for (let i = 0; i < 20; i++) writeFileSync(at('texts', `${i}.txt`), someText(12, i + 1))
  const files = Array.from({ length: 20 }, (_, i) => at('texts', `${i}.txt`))
  const tokenizer = await trainTokenizer({ files, vocabSize })
  await saveTokenizer(tokenizer, at('tokenizer.json'))
  await prepareData({
    inputs: at('texts'),
    output: at('data'),
    name: 'tiny',
    tokenizer,
    vocabularySize: tokenizer.vocabSize,
    eosId: tokenizer.idOf('<|endoftext|>')!,
    contextLength: 16,
    validationFraction: 0.2,
    tokenizerPath: at('tokenizer.json'),
    tokenizerHash: await sha256File(at('tokenizer.json')),
  })
  writeFileSync(at('model.json'), JSON.stringify({ ...TINY, n_vocab: tokenizer.vocabSize, ...changes }))
}
