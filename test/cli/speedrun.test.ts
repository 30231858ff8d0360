/** The command `speedrun`, as a process of its own: its result, interrupted and resumed, and wrong uses. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readSpeedrunReport, speedrunVerdict } from '../../src/ablate/index.js'
import { runHere, runThere, snapshot, type Kill } from './run-here.js'
import { makeWorld, TINY } from './world.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-speedrun-'))
const env = { NEOMESH_CACHE: join(world, 'cache') }
const at = (...path: string[]) => join(world, ...path)
const SPEC = {
  base: { ...TINY, n_layer: 1, attention_types: [[['global'], 1]], train_steps: 60, steps_per_checkpoint: 2 },
  data: 'data',
  target: 4.7,
  machine: 'a test',
  record: 'slow',
  recipes: { fast: { lr: 0.05 }, slow: { lr: 0.02 } },
  seeds: [1, 2],
  evaluate_every: 2,
}
const write = (name: string, changes: object) => writeFileSync(at(name), JSON.stringify({ ...SPEC, ...changes }))

before(async () => {
  await makeWorld(world)
  write('race.json', {})
})
after(() => rmSync(world, { recursive: true, force: true }))

const speedrun = (args: readonly string[], onText?: (text: string, kill: Kill) => void) =>
  runThere(['speedrun', ...args], { cwd: world, env, onText })

/** What does not depend on time: the evaluations of each run. */
const evaluationsOf = async (out: string) =>
  (await readSpeedrunReport(at(out, 'report.json'))).recipes.map(({ name, runs }) => ({
    name,
    runs: runs.map(({ seed, evaluations }) => [seed, evaluations.map(({ step, loss }) => [step, loss])]),
  }))

test('a speedrun prints its table and verdict on standard output, and the same again without training', async () => {
  const { code, stdout, stderr } = await speedrun(['race.json', '--out', 'whole'])
  assert.equal(code, 0, stderr)
  const report = await readSpeedrunReport(at('whole/report.json'))
  assert.ok(report.complete)
  assert.match(stdout, /^recipe +reached +CPU s +wall s +tokens +parameters +p of faster than slow\n/)
  for (const { recipe, reached, cpuSeconds } of report.summary) {
    assert.equal(reached, 2, stdout)
    assert.match(stdout, new RegExp(`^${recipe} +2 of 2 +${cpuSeconds!.mean.toFixed(2)} ± \\d+\\.\\d\\d +`, 'm'))
  }
  assert.ok(stdout.endsWith(`\n${speedrunVerdict(report).join('\n')}\n`), stdout)
  assert.match(stderr, /\n4 trainings\n/)
  assert.match(stderr, /^slow, seed 1: validation loss \d\.\d{4} after \d+ steps, \d+\.\d s of CPU time, \d+\.\d s$/m)
  assert.match(stderr, /report: whole\/report\.html\n$/)
  assert.match(readFileSync(at('whole/report.md'), 'utf8'), /^# Speedrun: race\n/)

  const again = await speedrun(['race.json', '--out', 'whole'])
  assert.equal(again.code, 0, again.stderr)
  assert.equal(again.stdout, stdout)
  assert.match(again.stderr, /4 trainings; 4 already finished\n/)
  assert.doesNotMatch(again.stderr, /preparing the training step/)
})

test('Ctrl-C stops a speedrun, which the same command resumes to the evaluations of one never stopped', async () => {
  let sent = false
  const stopped = await speedrun(['race.json', '--out', 'parts'], (text, kill) => {
    if (sent || !text.includes('slow, seed 1: validation loss')) return
    sent = true
    kill('SIGINT')
  })
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.equal(stopped.stdout, '')
  assert.match(stopped.stderr, /stopped\. To resume: run the same command again\n$/)
  const rest = await speedrun(['race.json', '--out', 'parts'])
  assert.equal(rest.code, 0, rest.stderr)
  assert.match(rest.stderr, /4 trainings; [1-3] already finished\n/)
  assert.deepEqual(await evaluationsOf('parts'), await evaluationsOf('whole'))
})

test('wrong uses of speedrun end in a line that says what to do, and leave nothing', async () => {
  write('record.json', { record: 'other' })
  write('target.json', { target: -1 })
  write('raised.json', { target: 4.6 })
  const there = snapshot(world)
  const cases: [readonly string[], string][] = [
    [[at('none.json')], `cannot read ${at('none.json')}: it does not exist. Check the path`],
    [[at('record.json')], `${at('record.json')}: record: must be one of the recipes: fast, slow (got "other")`],
    [[at('target.json')], `${at('target.json')}: target: must be a number > 0 (got -1)`],
    [
      [at('raised.json'), '--out', at('whole')],
      `${at('whole')} was started with another target: 4.7, not 4.6. Use another --out, or the value that it was started with`,
    ],
    [
      [at('race.json'), '--out', at('texts')],
      `${at('texts')} must be an ablation's folder or empty (it holds "0.txt"). Use another --out`,
    ],
  ]
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runHere(['speedrun', ...args], env)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.ok(stderr.startsWith(`neomesh: ${message}`), stderr)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  }
  const { code, stdout, stderr } = await speedrun(['target.json'])
  assert.deepEqual([code, stdout, stderr], [1, '', 'neomesh: target.json: target: must be a number > 0 (got -1)\n'])
  assert.deepEqual(snapshot(world), there)
})
