/** `neomesh export web`: what it writes, and what it refuses. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSafetensors } from '../../src/files/index.js'
import { openCheckpoint } from '../../src/train/index.js'
import { runHere, snapshot } from '../cli/run-here.js'
import { TINY } from '../cli/world.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { makeModel } from './world.js'

const FILES = ['index.html', 'model.json', 'page.js', 'style.css', 'tokenizer.json', 'weights.safetensors', 'worker.js']

test('a checkpoint becomes a folder with all that the page needs; again, it is replaced', async (t) => {
  const world = temporaryFolder(t)
  const model = await makeModel(world, TINY)
  const folder = join(world, 'page')
  const { code, stdout, stderr } = await runHere(['export', 'web', model, folder])
  assert.equal(code, 0, stderr)
  assert.match(stdout + stderr, /python3 -m http\.server --directory .*page\n/)
  assert.deepEqual(readdirSync(folder).sort(), FILES)
  assert.deepEqual(readFileSync(join(folder, 'tokenizer.json')), readFileSync(join(model, 'tokenizer.json')))
  const weights = await openSafetensors(join(folder, 'weights.safetensors'))
  const checkpoint = await openCheckpoint(model)
  assert.deepEqual([...weights.tensors.keys()].sort(), Object.keys(checkpoint.manifest.variables).sort())
  for (const [name, { shape }] of weights.tensors) {
    const { data } = await weights.read(name)
    assert.deepEqual(new Float32Array(data.slice().buffer), await checkpoint.read(name, shape))
  }
  await weights.close()
  await checkpoint.close()

  const before = snapshot(folder)
  writeFileSync(join(folder, 'page.js'), '')
  const again = await runHere(['export', 'web', model, folder])
  assert.deepEqual([again.code, snapshot(folder)], [0, before])
})

test('what cannot be exported is refused in one line, and nothing is written', async (t) => {
  const world = temporaryFolder(t)
  const model = await makeModel(world, TINY)
  const mine = join(world, 'mine')
  mkdirSync(mine)
  writeFileSync(join(mine, 'notes.txt'), 'mine')
  const large = join(world, 'large')
  mkdirSync(large)
  for (const name of readdirSync(model)) writeFileSync(join(large, name), readFileSync(join(model, name)))
  const manifest = JSON.parse(readFileSync(join(large, 'manifest.json'), 'utf8'))
  writeFileSync(
    join(large, 'manifest.json'),
    JSON.stringify({ ...manifest, config: { ...manifest.config, n_embd: 8192 } }),
  )
  const masked = join(world, 'masked')
  mkdirSync(masked)
  await makeModel(masked, { ...TINY, mlm_training: true, mlm_mask_id: 299 })
  const other = join(world, 'other')
  mkdirSync(other)
  const refused = async (args: readonly string[], words: RegExp) => {
    const before = snapshot(world)
    const { code, stderr } = await runHere(['export', 'web', ...args])
    assert.equal(code, 1)
    assert.match(stderr, words)
    assert.equal(
      stderr.trim().split('\n').at(-1),
      stderr
        .trim()
        .split('\n')
        .find((line) => line.startsWith('neomesh:')),
    )
    assert.deepEqual(snapshot(world), before)
  }
  const out = join(world, 'out')
  await refused([join(world, 'absent'), out], /absent.*does not exist/)
  await refused([other, out], /other holds no checkpoint/)
  await refused([model, mine], /it has "notes\.txt", which this command did not write/)
  await refused(
    [large, out],
    /large must have at most 1\.1 GB of weights for a page \(got 6\.\d GB, 1,6\d\d,\d{3},\d{3} parameters\)/,
  )
  await refused(
    [join(masked, 'model'), out],
    /must predict next tokens \(got mlm_training, .*\)\. It cannot continue a text/,
  )
  rmSync(join(model, 'tokenizer.json'))
  rmSync(join(world, 'tokenizer.json'))
  await refused([model, out], /model has no tokenizer\.json\. Name a tokenizer with --tokenizer/)
})
