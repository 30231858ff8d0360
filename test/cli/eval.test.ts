/** `neomesh eval` as a user runs it. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../files/temporary-folder.js'
import { fixture } from '../model/goldens.js'
import { evaluateHeldOut } from '../../src/cli/held-out.js'
import { openSplits } from '../../src/data/index.js'
import { loadModel } from '../../src/generate/index.js'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { engine } from '../tensor/check.js'
import { runHere } from './run-here.js'
import { makeWorld } from './world.js'

const model = fixture('evaluate/model')
const data = (name: string) => fixture(`evaluate/data/${name}.jsonl`)

test('a table of figures with intervals, results in a folder, and a comparison with them', async (t) => {
  const out = join(temporaryFolder(t), 'results')
  const tasks = [`piqa=${data('piqa')}`, `blimp=${data('blimp')}`]
  const { code, stdout, stderr } = await runHere(['eval', model, '--tasks', ...tasks, '--out', out])
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    /^task +items +metric +value +95% interval\npiqa +10 +acc +0\.5000 +0\.\d{4} to 0\.\d{4}\n +acc_norm +0\.5000 .*\nblimp +10 +acc +0\.6000 .*\n$/,
  )
  assert.match(stderr, /wrote .*results\n$/)

  const compared = await runHere(['eval', out, '--compare', out])
  assert.equal(compared.code, 0, compared.stderr)
  assert.match(
    compared.stdout,
    /^A: .*model\nB: .*model\ntask +metric +A +B +B - A +95% interval +p +better\npiqa +acc +0\.5000 +0\.5000 +\+0\.0000 +0\.0000 to 0\.0000 +1\.000 +undecided\n/,
  )
  const again = await runHere(['eval', model, '--tasks', tasks[0], '--compare', out])
  assert.match(again.stdout, /piqa +acc_norm +0\.5000 +0\.5000/)
  assert.match(again.stderr, /note: blimp is not compared: only one of the two has results/)
})

test('errors are one line', async (t) => {
  const file = join(temporaryFolder(t), 'own.jsonl')
  writeFileSync(file, '{"good": "a"}\n')
  for (const [args, words] of [
    [
      ['eval', model],
      /^neomesh: a task must be named \(got none\)\. Name one with --tasks, as in --tasks lambada=FILE\n$/,
    ],
    [['eval', model, '--tasks', 'lambada'], /^neomesh: task lambada must name its data \(.*\)\. Write lambada=FILE\n$/],
    [
      ['eval', model, '--tasks', `pairs=${file}`],
      /^neomesh: .*own\.jsonl:1: the line must have the key "bad" \(got "good"\)\n$/,
    ],
    [
      ['eval', model, '--tasks', `text=${data('piqa')}`],
      /the line must have the key "text" .*Name the key of the text with --text-key/,
    ],
    [['eval', join(file, '..', 'none'), '--tasks', 'demo-pairs'], /^neomesh: .*none/],
  ] as const) {
    const { code, stdout, stderr } = await runHere([...args])
    assert.equal(code, 1, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, words)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  }
})

test("the demo's last lines: bits per byte and last words of the texts that its data holds out", async (t) => {
  const world = temporaryFolder(t)
  const at = (...path: string[]) => join(world, ...path)
  await makeWorld(world, { train_steps: 1 })
  const trained = await runHere(['train', at('model.json'), '--data', at('data'), '--run', at('run')])
  assert.equal(trained.code, 0, trained.stderr)
  const model = {
    ...(await loadModel(await engine(), at('run'))),
    tokenizer: await loadTokenizer(at('tokenizer.json')),
  }
  const [bits, ...rest] = await evaluateHeldOut(model, at('data'), model.config)
  const splits = await openSplits(at('data/dataset.json'), { contextLength: 16 })
  const [{ documents }] = splits.validation!.indexes
  splits.close()
  assert.match(
    bits,
    /^bits per byte: [1-9]\.\d{3} \(95% interval [1-9]\.\d{3} to [1-9]\.\d{3}\), of the beginnings of \d texts$/,
  )
  assert.ok(bits.endsWith(` ${documents} texts`), `${documents} texts`)
  // The texts of this world have no sentences, and so no last words.
  assert.deepEqual(rest, [])
})
