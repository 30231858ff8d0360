/** The demo as far as its first steps: what comes then is training and sampling, which have tests of their own. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../files/temporary-folder.js'
import { runThere } from './run-here.js'

test('on TensorFlow.js the demo trains a smaller model, which it says; Ctrl-C saves', async (t) => {
  const world = temporaryFolder(t)
  let sent = false
  const { code, stderr } = await runThere(['demo', '--engine', 'tfjs'], {
    cwd: world,
    env: {},
    onText: (said, kill) => {
      if (sent || !said.includes('training step: traced')) return
      sent = true
      kill('SIGINT')
    },
  })
  assert.equal(code, 130, stderr)
  const titles = [
    '1. A tokenizer of 512 tokens',
    '2. and 3. Training data',
    '4. and 5. The model of configs/models/demo-small.json',
  ]
  for (const title of titles) assert.ok(stderr.includes(`\n${title}`), stderr)
  assert.match(stderr, /trained\na small one, some minutes of work for TensorFlow\.js: .*\n/)
  assert.match(stderr, /To go on: the same command again\n$/)
  assert.ok(
    existsSync(join(world, 'demo/small/tokenizer.json')) && existsSync(join(world, 'demo/small/data/dataset.json')),
  )
})
