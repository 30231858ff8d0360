/** Choosing an engine on the command line. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openEngine } from '../../src/engine/index.js'
import { installed } from './installed.js'
import { runHere } from './run-here.js'
import { makeWorld } from './world.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-engine-'))
const here = (path: string) => join(world, path)

before(async () => {
  process.env.NEOMESH_CACHE = here('cache')
  await makeWorld(world)
})
after(() => rmSync(world, { recursive: true, force: true }))

const train = (run: string, ...more: string[]) =>
  runHere(['train', here('model.json'), '--data', here('data'), '--run', here(run), ...more])
const losses = (run: string) =>
  readFileSync(join(here(run), 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { loss?: number }).loss ?? 0)

test('training and sampling with --engine host give what XLA gives', async () => {
  for (const [run, engine] of [
    ['a', 'xla'],
    ['b', 'host'],
  ]) {
    const { code, stderr } = await train(run, '--engine', engine)
    assert.equal(code, 0, stderr)
    assert.match(stderr, new RegExp(`^${engine} on `, 'm'))
  }
  losses('a').forEach((loss, i) => assert.ok(Math.abs(loss - losses('b')[i]) < 1e-4, `loss ${i}`))
  const sample = async (run: string, engine: string) =>
    (await runHere(['sample', here(run), '--engine', engine, '--prompt', 'the', '--max-tokens', '8', '--top-k', '9']))
      .stdout
  // Training resumes a checkpoint of either engine on the other.
  assert.equal(await sample('b', 'xla'), await sample('b', 'host'))
  const { code, stderr } = await train('a', '--engine', 'host', '--steps', '6')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /resuming after step 4 of 6/)
  const beyond = await train('a', '--engine', 'host', '--steps', '5')
  assert.equal(beyond.code, 0, beyond.stderr)
  assert.match(beyond.stderr, /^nothing to do: .*a is at step 6, beyond train_steps 5$/m)
  assert.doesNotMatch(beyond.stderr, /go(ing)? on/)
})

test('what an option asks for in vain is told, as of the file', async () => {
  const { code, stderr } = await train('d', '--engine', 'host', '--layout', 'batch:y', '--steps', '1')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^model\.json: layout: "batch:y" has no effect: axis "y" is not in mesh_shape/m)
  assert.match(stderr, /^trained 1 step: /m)
})

test('doctor tests one device that is named', async () => {
  const { code, stdout } = await runHere(['doctor', '--device', 'cpu'])
  assert.equal(code, 0)
  assert.match(stdout, /^xla on 1 x cpu .*GFLOP\/s\n$/)
})

test('tfjs, the former name of host, still works, with a note', async () => {
  const { code, stdout, stderr } = await runHere(['doctor', '--engine', 'tfjs'])
  assert.equal(code, 0)
  assert.match(stdout, /^host on cpu/)
  assert.match(stderr, /^the engine tfjs is now called host/)
  const engine = await openEngine({ engine: 'tfjs' })
  assert.equal(engine.name, 'host')
  await engine.close()
})

test('wrong choices: one line each', async () => {
  const says = async (message: RegExp, ...args: string[]) => {
    const { code, stderr } = await train('c', ...args)
    assert.equal(code, 1, stderr)
    assert.match(stderr, message)
  }
  await says(/^neomesh: device must be left out with the engine host/m, '--engine', 'host', '--device', 'cpu')
  await says(/^neomesh: @tensorflow\/tfjs-node-gpu is not installed: npm install/m, '--engine', 'tfjs-node-gpu')
  await says(/^neomesh: option '--engine <name>' argument 'jax' is invalid/m, '--engine', 'jax')
  await says(/^neomesh: the engine host must have 1 device \(got 2\)/m, '--engine', 'host', '--mesh', 'x:2')
})

test('where npm is all there is, the engine host is taken, and reported', () => {
  const neomesh = installed(world)
  const trained = neomesh(['train', 'model.json', '--data', 'data', '--run', 'alone'])
  assert.equal(trained.status, 0, trained.stderr)
  assert.match(trained.stderr, /^no PJRT plugin found; falling back to the engine host.*neomesh doctor/m)
  assert.match(trained.stderr, /^host on cpu/m)
  const sampled = neomesh(['sample', 'alone', '--prompt', 'the', '--max-tokens', '3'])
  assert.equal(sampled.status, 0, sampled.stderr)
  assert.match(sampled.stdout, /^the/)

  const asked = neomesh(['sample', 'alone', '--engine', 'xla'])
  assert.equal(asked.status, 1)
  assert.match(asked.stderr, /no PJRT plugin for cpu[^]*pip install/)
})
