/** The command `ablate`, interrupted and killed. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { markdownOf, readReport } from '../../src/ablate/index.js'
import { assertSameRuns } from '../train/support.js'
import { runHere, runThere, snapshot, type Kill } from './run-here.js'
import { makeWorld, TINY } from './world.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-ablate-'))
const env = { NEOMESH_CACHE: join(world, 'cache') }
const at = (...path: string[]) => join(world, ...path)
const SPEC = {
  base: { ...TINY, n_layer: 1, attention_types: [[['global'], 1]], steps_per_checkpoint: 10, eval_steps: 1 },
  data: 'data',
  variants: { global: {}, none: { attention_types: [[['none'], 1]] } },
  seeds: [1, 2],
  steps: 300,
  evaluate_every: 100,
  costs: { lengths: [8, 16], tokens: 32, steps: 1, attention: ['none'] },
}
before(async () => {
  await makeWorld(world)
  writeFileSync(at('kinds.json'), JSON.stringify(SPEC))
})
after(() => rmSync(world, { recursive: true, force: true }))

const ablate = (out: string, onText?: (text: string, kill: Kill) => void) =>
  runThere(['ablate', 'kinds.json', '--out', out], { cwd: world, env, onText })

/** Sends a signal once, when a file of a run has so many steps. */
function atStep(steps: number, run: string, signal: NodeJS.Signals) {
  let sent = false
  return (_: string, kill: Kill) => {
    const look = () => {
      if (sent) return
      let lines = 0
      try {
        lines = readFileSync(at(run, 'metrics.jsonl'), 'utf8').split('\n').length
      } catch {
        // not there yet
      }
      if (lines <= steps) return void setTimeout(look, 5)
      sent = true
      try {
        kill(signal)
      } catch {
        // it has ended already; what the test looks for then is missing
      }
    }
    look()
  }
}

test('an ablation from the command line: a table on standard output, a report, nothing to do again', async () => {
  const { code, stdout, stderr } = await ablate('whole')
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    /^variant +parameters +flops\/token +step memory +tokens\/s +validation loss +bits\/byte +loss − global\n/,
  )
  assert.match(
    stdout,
    /^none +[\d,]+ +[\d.]+k +\d+ MB +[\d,]+ ± [\d,]+ +\d\.\d{3} ± \d\.\d{3} +\d\.\d{3} ± \d\.\d{3} +[−+]/m,
  )
  assert.match(stderr, /4 runs, 1,200 steps in total\n/)
  assert.match(stderr, /none, seed 2: validation loss \d\.\d{4}, \d\.\d{3} bits per byte; [\d,]+ tokens\/s\n/)
  assert.match(stderr, /report: whole\/report\.html\n$/)
  const report = await readReport(at('whole/report.json'))
  assert.equal(readFileSync(at('whole/report.md'), 'utf8'), markdownOf(report))

  const again = await ablate('whole')
  assert.equal(again.stdout, stdout)
  assert.match(again.stderr, /; 4 already finished\n/)
  assert.doesNotMatch(again.stderr, /preparing the training step|measuring/)
})

test('Ctrl-C saves and prints how to resume; kill -9 loses no more than the last steps; both end as one never stopped', async () => {
  const stopped = await ablate('parts', atStep(120, 'parts/global-seed-1', 'SIGINT'))
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(stopped.stderr, /interrupted: finishing this step and saving \(Ctrl-C again stops at once/)
  assert.match(stopped.stderr, /stopped\. To resume: run the same command again\n$/)
  assert.equal(stopped.stdout, '')
  const killed = await ablate('parts', atStep(200, 'parts/none-seed-1', 'SIGKILL'))
  assert.equal(killed.signal, 'SIGKILL', killed.stderr)
  assert.match(killed.stderr, /global, seed 1 \(1 of 4\), resuming|global, seed 1: validation loss/)
  const rest = await ablate('parts')
  assert.equal(rest.code, 0, rest.stderr)
  for (const run of ['global-seed-1', 'none-seed-1', 'global-seed-2', 'none-seed-2'])
    await assertSameRuns(at('whole', run), at('parts', run))
})

test('wrong uses end in a line that says what to do, and leave nothing', async () => {
  const there = snapshot(world)
  writeFileSync(at('wrong.json'), JSON.stringify({ ...SPEC, seeds: 'one', variants: { a: { n_heads: 3 } } }))
  writeFileSync(at('elsewhere.json'), JSON.stringify({ ...SPEC, data: 'no/data' }))
  const { steps: _, costs: __, ...rest } = SPEC
  writeFileSync(at('lengths.json'), JSON.stringify({ ...rest, tokens: [32, 64] }))
  const cases: [string[], string][] = [
    [[at('none.json')], `cannot read ${at('none.json')}: it does not exist`],
    [
      [at('wrong.json')],
      `${at('wrong.json')}: 2 problems\n` +
        '  seeds: must be a list of different integers >= 0, such as [1, 2] (got "one")\n' +
        '  variants.a: n_heads: no such key; did you mean "n_head"?\n',
    ],
    [[at('elsewhere.json'), '--out', at('new')], `cannot read ${at('no/data/dataset.json')}: it does not exist`],
    [
      [at('kinds.json'), '--out', at('texts')],
      `${at('texts')} must be an ablation's folder or empty (it holds "0.txt"). Use another --out`,
    ],
    [['a.json', 'b.json'], 'too many arguments for'],
    [
      [at('lengths.json')],
      `${at('lengths.json')}: tokens: must be an integer >= 1 without --fit (got [32,64]). Add --fit to train each variant`,
    ],
    [['--fit', at('lengths.json')], `${at('lengths.json')}: a scaling law must have at least 3 different numbers of`],
  ]
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runHere(['ablate', ...args], env)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.ok(stderr.startsWith(`neomesh: ${message}`), stderr)
  }
  rmSync(at('wrong.json'))
  rmSync(at('elsewhere.json'))
  rmSync(at('lengths.json'))
  assert.deepEqual(snapshot(world), there)
})
