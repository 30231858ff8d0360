/** A checkpoint with a tokenizer to export, with random weights. */
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseModelConfig } from '../../src/config/index.js'
import { modelShape, parametersOf } from '../../src/model/index.js'
import { saveTokenizer, trainTokenizer } from '../../src/tokenizer/index.js'
import { sizeOf } from '../../src/tensor/index.js'
import { saveCheckpoint } from '../../src/train/index.js'
import { someText } from '../cli/world.js'
import { numbers } from '../tensor/check.js'

/** Writes a checkpoint of a model that is sure of some tokens and not of others, and tokenizer.json beside it. */
export async function makeModel(folder: string, config: Record<string, unknown>): Promise<string> {
  const checkpoint = join(folder, 'model')
  const parsed = parseModelConfig(config).config
  const next = numbers(11)
  const variables = parametersOf(modelShape(parsed, { batch: 1 }), 'unroll').map(({ name, shape, dims }) => ({
    name,
    shape,
    data: async () => Float32Array.from({ length: sizeOf(dims) }, () => (next() - 0.5) * 0.9),
  }))
  await saveCheckpoint(checkpoint, variables, { config: parsed, step: 1200, tokens: 0 })
  const text = join(folder, 'text.txt')
  writeFileSync(text, someText(200))
  await saveTokenizer(await trainTokenizer({ files: [text], vocabSize: 300 }), join(folder, 'tokenizer.json'))
  cpSync(join(folder, 'tokenizer.json'), join(checkpoint, 'tokenizer.json'))
  return checkpoint
}
