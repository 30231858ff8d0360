/** A tiny scaling law's ablations: trained, interrupted, resumed, and reported; and what the spec rejects. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  fitOfRuns,
  isScaling,
  parseScaling,
  readScaling,
  readScalingReport,
  runScaling,
  scalingFiles,
  scalingVerdict,
  type ScalingEvent,
} from '../../../src/ablate/index.js'
import { scalingReport } from '../../../src/ablate/scaling/scaling-report.js'
import { nonEmbedding } from '../../../src/ablate/scaling/scaling-spec.js'
import { readJson } from '../../../src/files/index.js'
import { engine } from '../../tensor/check.js'
import { SPEC, world } from '../support.js'

const { costs: _, steps: __, ...rest } = SPEC
const widths = Object.fromEntries([8, 16, 32].map((width) => [`width-${width}`, { n_embd: width }]))
/** Steps of 32 tokens. */
const SCALING = { ...rest, variants: widths, seeds: [1], tokens: [128, 64, 256], evaluate_every: 100 }

async function run(name: string, stop?: (event: ScalingEvent) => boolean): Promise<ScalingEvent[]> {
  const folder = await world()
  const spec = await parseScaling(SCALING, { folder, name: 'tiny' })
  const controller = new AbortController()
  const events: ScalingEvent[] = []
  for await (const event of runScaling(spec, {
    engine: await engine(),
    out: join(folder, name),
    signal: controller.signal,
  })) {
    events.push(event)
    if (stop?.(event)) controller.abort()
  }
  return events
}

const reportOf = (events: readonly ScalingEvent[]) => {
  const end = events.at(-1)!
  assert.ok(end.kind === 'end')
  return end
}

test('each size is trained on each number of tokens; interrupted, it resumes to the same losses', async () => {
  const { interrupted, report } = reportOf(await run('scaling'))
  assert.ok(!interrupted && report)
  assert.deepEqual(
    report.runs.map(({ variant, tokens }) => [variant, tokens]),
    [64, 128, 256].flatMap((tokens) => Object.keys(widths).map((variant) => [variant, tokens])),
  )
  const stopped = await run('scaling-parts', (event) => event.kind === 'ablation' && event.tokens === 128)
  assert.ok(reportOf(stopped).interrupted)
  const resumed = reportOf(await run('scaling-parts')).report!
  assert.deepEqual(
    resumed.runs.map(({ loss }) => loss),
    report.runs.map(({ loss }) => loss),
  )
  const path = join(await world(), 'scaling/report.json')
  assert.deepEqual(await readScalingReport(path), JSON.parse(JSON.stringify(report)))
  await assert.rejects(readScalingReport(join(await world(), 'scaling/tokens-64/report.json')), {
    message: /is not a report of `neomesh ablate --fit`$/,
  })
})

test('a report recomputes from its runs, with the law, its intervals and figures; without a law it says why', async () => {
  const { report } = reportOf(await run('scaling'))
  const made = report!.runs.flatMap((run) =>
    [1, 2].map((seed) => ({
      ...run,
      seed,
      loss: 1.5 + 20 / run.parameters ** 0.4 + (6 + seed / 100) / run.tokens ** 0.3,
    })),
  )
  const whole = { ...report!, runs: made, ...fitOfRuns(made) }
  assert.ok(whole.fit)
  assert.ok(
    Math.abs(whole.fit.law.a - 0.4) < 0.05 && Math.abs(whole.fit.law.b - 0.3) < 0.05,
    JSON.stringify(whole.fit.law),
  )
  const again = JSON.parse(JSON.stringify(whole)) as typeof whole
  assert.deepEqual(scalingFiles({ ...again, ...fitOfRuns(again.runs) }), scalingFiles(whole))
  const files = scalingFiles(whole)
  assert.deepEqual(Object.keys(files).sort(), [
    'loss-against-size.svg',
    'loss-against-tokens.svg',
    'report.html',
    'report.json',
    'report.md',
  ])
  assert.doesNotMatch(Object.values(files).join(), /NaN|undefined|Infinity/)
  assert.match(files['report.md'], /^loss = [\d.]+ \+ [\d.k]+ \/ N\^0\.\d{3} \+ [\d.]+ \/ D\^0\.\d{3}\./m)
  const few = { ...report!, runs: made.slice(0, 4), ...fitOfRuns(made.slice(0, 4)) }
  assert.match(scalingVerdict(few)[0], /^No law was fitted: a scaling law must have at least 3 different numbers of/)
  assert.match(scalingFiles(few)['report.md'], /No law was fitted/)
})

test('trainings that diverged are left out and counted', async () => {
  const folder = await world()
  const spec = await parseScaling(SCALING, { folder })
  const base = await readJson(join(folder, 'scaling/tokens-64/report.json'))
  const ablation = base as Parameters<typeof scalingReport>[0]['reports'][number]
  const [first, ...others] = ablation.variants
  const wild = { ...first, runs: first.runs.map((run) => ({ ...run, diverged: 'step 3: the loss is NaN' })) }
  const report = scalingReport({
    name: 'x',
    source: spec.data,
    reports: [{ ...ablation, variants: [wild, ...others] }],
  })
  assert.deepEqual([report.runs.length, report.diverged], [2, 1])
  assert.match(scalingVerdict(report).at(-1)!, /^1 training diverged and is left out\.$/)
})

test('N leaves out the tables of tokens and positions and output layers', async () => {
  const folder = await world()
  const spec = await parseScaling(SCALING, { folder })
  const { config } = spec.lengths[0].spec.variants[1]
  // Width 16, one layer: attention 4 * 16^2 + 16, feed-forward 8 * 16^2 + 64 + 16, three norms of 2 * 16.
  assert.equal(nonEmbedding(config), 12 * 256 + 16 + 64 + 16 + 96)
  assert.equal(nonEmbedding({ ...config, tie_word_embeddings: false }), nonEmbedding(config))
})

test('specs that cannot determine a law are rejected before training', async () => {
  const folder = await world()
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ tokens: [64, 128] }, /at least 3 different numbers of tokens \(got 2\)/],
    [{ variants: { one: { n_embd: 8 }, two: { n_embd: 16 } } }, /at least 3 different numbers of parameters \(got 2\)/],
    [{ steps: 3 }, /steps: must not be given for a scaling law\. Remove it/],
    [{ costs: { lengths: [8], tokens: 8 } }, /costs: must not be given for a scaling law/],
    [{ tokens: [64, 64, 128] }, /tokens: must not repeat a value \(got \[64,64,128\]\)/],
    [{ tokens: 64 }, /tokens: must be a list of different integers >= 1, such as .* \(got 64\)/],
    [{ variants: { ...widths, odd: { n_head: 3 } } }, /variants\.odd: n_head: must divide n_embd/],
  ]
  for (const [changes, message] of cases)
    await assert.rejects(parseScaling({ ...SCALING, ...changes }, { folder }), { name: 'ConfigError', message })
})

test('the shipped spec is valid: sixteen pairs with two seeds', async () => {
  const path = fileURLToPath(new URL('../../../../configs/ablations/scaling.json', import.meta.url))
  assert.ok(isScaling(JSON.parse(readFileSync(path, 'utf8'))))
  const { lengths, data } = await readScaling(path)
  assert.equal(data, 'demo')
  const pairs = lengths.flatMap(({ tokens, spec }) => spec.variants.map(({ name }) => `${tokens} ${name}`))
  assert.equal(new Set(pairs).size, 16)
  for (const { spec } of lengths) assert.deepEqual([spec.seeds.length, spec.notes], [2, []])
})
