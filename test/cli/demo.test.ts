/** The demo as far as its first steps: what comes then is training and sampling, which have tests of their own. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../files/temporary-folder.js'
import { runHere, runThere } from './run-here.js'
import { someText } from './world.js'

test('on TensorFlow.js the demo trains a smaller model, which it says; Ctrl-C saves', async (t) => {
  const world = temporaryFolder(t)
  let sent = false
  const { code, stderr } = await runThere(['demo', '--engine', 'host'], {
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
  assert.match(stderr, /trained\na small one, some minutes of work for JavaScript: .*\n/)
  assert.match(stderr, /To resume: run the same command again\n$/)
  assert.ok(
    existsSync(join(world, 'demo/small/tokenizer.json')) && existsSync(join(world, 'demo/small/data/dataset.json')),
  )
})

test('one book is enough, and what was made from it is not taken for something else', async (t) => {
  const world = temporaryFolder(t)
  const book = join(world, 'book.txt')
  writeFileSync(book, someText(1000))
  const out = join(world, 'demo')
  let sent = false
  const demo = ['demo', '--engine', 'host', '--out', out]
  const { code, stderr } = await runThere([...demo, '--text', book], {
    cwd: world,
    env: {},
    onText: (said, kill) => {
      if (sent || !said.includes('training step: traced')) return
      sent = true
      kill('SIGINT')
    },
  })
  assert.equal(code, 130, stderr)
  assert.match(stderr, /^tokenizer of \d+ tokens \(of 512 requested: no other pair occurs often enough\) from /m)
  assert.match(stderr, /train: 1 document, .*\nvalidation: 1 document, /)

  const other = join(world, 'other.txt')
  writeFileSync(other, someText(1000, 2))
  for (const texts of [['--text', other], []]) {
    const { code, stderr } = await runHere([...demo, ...texts])
    assert.equal(code, 1)
    const said = `neomesh: ${join(out, 'small')} has a demo made from ${book}. Name another folder with --out, or remove that one\n`
    assert.equal(stderr, said)
  }
})
