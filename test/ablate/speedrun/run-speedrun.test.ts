/** A tiny speedrun: trained to a target, interrupted, resumed, reported and tested; and what the spec rejects. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  newRecord,
  parseSpeedrun,
  readSpeedrun,
  readSpeedrunReport,
  runSpeedrun,
  speedrunFiles,
  speedrunVerdict,
  summaryOfRecipes,
  type SpeedrunEvent,
  type SpeedrunReport,
} from '../../../src/ablate/index.js'
import { engine } from '../../tensor/check.js'
import { SPEC, world } from '../support.js'

const SPEEDRUN = {
  base: { ...SPEC.base, train_steps: 40, steps_per_checkpoint: 4 },
  data: 'data',
  target: 3.2,
  machine: 'a test',
  record: 'slow',
  recipes: { fast: { opt_name: 'adamw', lr: 0.03 }, slow: { opt_name: 'adamw', lr: 0.01 } },
  seeds: [1, 2],
  evaluate_every: 2,
}

async function run(name: string, changes: object = {}, stop?: (event: SpeedrunEvent) => boolean) {
  const folder = await world()
  const spec = await parseSpeedrun({ ...SPEEDRUN, ...changes }, { folder, name: 'tiny' })
  const controller = new AbortController()
  const events: SpeedrunEvent[] = []
  const options = { engine: await engine(), out: join(folder, name), signal: controller.signal }
  for await (const event of runSpeedrun(spec, options)) {
    events.push(event)
    if (stop?.(event)) controller.abort()
  }
  const end = events.at(-1)!
  assert.ok(end.kind === 'end')
  return { events, ...end }
}

/** Steps and losses of each run. */
const runsOf = (report: SpeedrunReport) =>
  report.recipes.map(({ name, runs }) => [
    name,
    runs.map(({ evaluations }) => evaluations.map(({ step, loss }) => [step, loss])),
  ])

test('each recipe trains to the target, the record first, seed by seed; interrupted, it resumes to the same steps', async () => {
  const { events, report, interrupted } = await run('race')
  assert.ok(report?.complete && !interrupted)
  const order = events.flatMap((event) => (event.kind === 'run' ? [`${event.recipe} ${event.seed}`] : []))
  assert.deepEqual(order, ['slow 1', 'fast 1', 'slow 2', 'fast 2'])
  for (const { runs } of report.recipes)
    for (const { evaluations } of runs) {
      const losses = evaluations.map(({ loss }) => loss)
      assert.ok(losses.length > 1, 'the target is not reached at once')
      assert.ok(losses.at(-1)! <= 3.2 && losses.slice(0, -1).every((loss) => loss > 3.2), String(losses))
      assert.ok(evaluations.every(({ cpuSeconds, seconds }) => cpuSeconds! > 0 && seconds > 0))
    }
  for (const { reached, runs, cpuSeconds, tokens } of report.summary) {
    assert.deepEqual([reached, runs], [2, 2])
    assert.ok(cpuSeconds!.mean > 0 && tokens!.mean >= 64)
  }
  const stopped = await run('race-parts', {}, (event) => event.kind === 'training' && event.recipe === 'fast')
  assert.ok(stopped.interrupted)
  assert.deepEqual(runsOf((await run('race-parts')).report!), runsOf(report))
  await assert.rejects(run('race', { target: 3 }), {
    message: /race was started with another target: 3\.2, not 3\. Use another --out/,
  })
})

test('a recipe that misses the target has no time, and one that diverges neither', async () => {
  const recipes = { slow: SPEEDRUN.recipes.slow, still: { lr: 1e-9 }, wild: { lr: 1e30 } }
  const { report } = await run('missed', { recipes, seeds: [1] })
  const rows = report!.summary.map(({ recipe, reached, cpuSeconds, faster }) => [
    recipe,
    reached,
    cpuSeconds === null,
    faster,
  ])
  assert.deepEqual(rows, [
    ['slow', 1, false, null],
    ['still', 0, true, null],
    ['wild', 0, true, null],
  ])
  const verdict = speedrunVerdict(report!).join('\n')
  assert.match(
    verdict,
    /^still missed the target of 3\.2 with 1 of 1 seed \(lowest loss \d\.\d{3}\): it has no time\.$/m,
  )
  assert.match(verdict, /^wild missed the target of 3\.2 with 1 of 1 seed/m)
  assert.match(verdict, /^slow keeps the record with [\d.]+ s of CPU time\.$/m)
  assert.match(verdict, /^With one seed nothing can be tested\.$/m)
})

test('a report recomputes from its runs; the record is taken at p < 0.01 by the fastest recipe', async () => {
  const { report } = await run('race')
  assert.deepEqual(
    await readSpeedrunReport(join(await world(), 'race/report.json')),
    JSON.parse(JSON.stringify(report)),
  )
  const timed = (of: SpeedrunReport['recipes'][number], times: readonly number[]) => ({
    ...of,
    runs: times.map((cpuSeconds, i) => {
      const [run] = of.runs
      return { ...run, seed: i + 1, evaluations: run.evaluations.map((each) => ({ ...each, cpuSeconds })) }
    }),
  })
  const [slow, fast] = report!.recipes
  const of = (times: readonly number[]): SpeedrunReport => {
    const recipes = [timed(slow, [10, 11, 10.5, 9.8, 10.2]), timed(fast, times)]
    return { ...report!, recipes, summary: summaryOfRecipes({ ...report!, recipes }) }
  }
  const taken = of([6, 6.5, 6.1, 5.9, 6.3])
  assert.equal(newRecord(taken)!.recipe, 'fast')
  assert.match(
    speedrunVerdict(taken)[0],
    /^fast takes the record from slow: 6\.16 s against 10\.30 s of CPU time, 1\.67 times as fast \(p = \de-\d\)\.$/,
  )
  const close = of([10.1, 10.6, 10, 9.9, 10.2])
  assert.equal(newRecord(close), null)
  assert.match(
    speedrunVerdict(close).join('\n'),
    /^slow keeps the record.*\nfast is not faster than slow by more than chance \(p = 0\.\d{3}\)\.$/m,
  )
  const files = speedrunFiles(taken)
  assert.deepEqual(Object.keys(files).sort(), [
    'loss-against-time.svg',
    'report.html',
    'report.json',
    'report.md',
    'time-to-target.svg',
  ])
  assert.doesNotMatch(Object.values(files).join(), /NaN|undefined|Infinity/)
  assert.deepEqual(speedrunFiles(JSON.parse(files['report.json']) as SpeedrunReport), files)
})

test('problems of a spec, all at once', async () => {
  const given = {
    ...SPEEDRUN,
    target: 0,
    record: 'none',
    recipes: { 'a b': {}, c: 3, d: { n_ctx: 8 }, e: { atention_types: [] } },
  }
  await assert.rejects(parseSpeedrun(given), { name: 'ConfigError', message: /target: must be a number > 0 \(got 0\)/ })
  await assert.rejects(parseSpeedrun({ ...given, target: 3 }), (error: { problems?: string[] }) => {
    assert.deepEqual(error.problems, [
      'recipes.a b: the name must be a letter, then letters, digits and - _ . + (it is a part of folder names)',
      'recipes.c: must be an object of model keys, such as {"lr": 0.01} (got 3)',
      'recipes.d: n_ctx must be equal in all recipes. Put it into the base',
      'recipes.e: atention_types: no such key; did you mean "attention_types"?',
      'record: must be one of the recipes: a b, c, d, e (got "none")',
    ])
    return true
  })
})

test('the shipped speedruns are valid, with five seeds or more', async () => {
  const folder = fileURLToPath(new URL('../../../../configs/speedrun/', import.meta.url))
  for (const file of readdirSync(folder)) {
    const { seeds, notes, recipes, record } = await readSpeedrun(folder + file)
    assert.ok(seeds.length >= 5 && recipes.length > 1 && recipes[0].name === record)
    assert.deepEqual(notes, [])
  }
})
