import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseModelConfig } from '../../src/config/index.js'
import {
  checkpointFolder,
  checkpointSteps,
  findCheckpoint,
  openCheckpoint,
  saveCheckpoint,
} from '../../src/train/index.js'
import { TINY } from '../cli/world.js'
import { temporaryFolder } from '../files/temporary-folder.js'

const { config } = parseModelConfig(TINY, 'test')
const variable = (name: string, values: number[], shape = [values.length]) => ({
  name,
  shape,
  data: async () => Float32Array.from(values),
})

test('variables, config and step come back', async (context) => {
  const folder = join(temporaryFolder(context), 'run/checkpoints/step-00000005')
  const variables = [variable('a', [1, 2, 3, 4, 5, 6], [2, 3]), variable('b/adam_m', [-0.5])]
  await saveCheckpoint(folder, variables, { step: 5, tokens: 160, config, tokenizer: 'f00' })
  assert.deepEqual(readdirSync(folder).sort(), ['manifest.json', 'model-00000.safetensors'])
  const checkpoint = await openCheckpoint(folder)
  assert.deepEqual(checkpoint.config, config)
  const { step, tokens, tokenizer } = checkpoint.manifest
  assert.deepEqual({ step, tokens, tokenizer }, { step: 5, tokens: 160, tokenizer: 'f00' })
  assert.deepEqual([...(await checkpoint.read('a', [2, 3]))], [1, 2, 3, 4, 5, 6])
  assert.ok(checkpoint.has('b/adam_m') && !checkpoint.has('c'))
  await assert.rejects(checkpoint.read('a', [3, 2]), { name: 'FileError', message: /"a" is \[2, 3\], not \[3, 2\]/ })
  await assert.rejects(checkpoint.read('c', [1]), { name: 'FileError', message: /it has no variable "c"/ })
  await checkpoint.close()
})

test('a save that fails leaves nothing, and the checkpoint that was there', async (context) => {
  const run = temporaryFolder(context)
  const folder = checkpointFolder(run, 3)
  const about = { step: 3, tokens: 9, config }
  await saveCheckpoint(folder, [variable('a', [1])], about)
  const broken = { name: 'b', shape: [1], data: () => Promise.reject(new Error('the engine is gone')) }
  await assert.rejects(saveCheckpoint(folder, [variable('a', [2]), broken], about), /the engine is gone/)
  assert.deepEqual(readdirSync(join(run, 'checkpoints')), ['step-00000003'])
  const checkpoint = await openCheckpoint(folder)
  assert.deepEqual([...(await checkpoint.read('a', [1]))], [1])
  await checkpoint.close()
})

test('the newest checkpoint of a run is found, or the one that is named', async (context) => {
  const run = temporaryFolder(context)
  assert.deepEqual(await checkpointSteps(run), [])
  await assert.rejects(findCheckpoint(run), { name: 'FileError', message: /holds no checkpoint.*Train first/ })
  for (const step of [2, 10, 9])
    await saveCheckpoint(checkpointFolder(run, step), [variable('a', [step])], { step, tokens: 0, config })
  mkdirSync(join(run, 'checkpoints/.step-00000011.0123456789ab.partial'))
  mkdirSync(join(run, 'checkpoints/notes'))
  assert.deepEqual(await checkpointSteps(run), [2, 9, 10])
  assert.equal(await findCheckpoint(run), checkpointFolder(run, 10))
  assert.equal(await findCheckpoint(checkpointFolder(run, 2)), checkpointFolder(run, 2))
})
