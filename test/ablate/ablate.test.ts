import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ablate,
  configOf,
  parseAblation,
  readReport,
  type AblationEvent,
  type RunResult,
} from '../../src/ablate/index.js'
import { liveHandles } from '../../src/engine/xla/pjrt/index.js'
import { Trainer } from '../../src/train/index.js'
import { engine } from '../tensor/check.js'
import { only, run, SPEC, world } from './support.js'

/** What does not depend on time. */
const timeless = ({ evaluations, diverged, parameters, seed, stepMemory }: RunResult) => ({
  evaluations: evaluations.map(({ seconds: _, cpuSeconds: __, ...rest }) => rest),
  diverged,
  parameters,
  seed,
  stepMemory,
})
const resultsOf = (events: readonly AblationEvent[]) =>
  only(events, 'result').map(({ variant, result }) => [variant, timeless(result)] as const)

test('every variant with every seed, seed by seed; then costs and a report', async () => {
  const events = await run('whole')
  const [start] = only(events, 'start')
  assert.deepEqual(start, { kind: 'start', runs: 6, finished: 0, steps: 36 })
  const runs = only(events, 'run').map(({ variant, seed, number }) => `${number} ${variant} ${seed}`)
  assert.deepEqual(runs, ['1 global 1', '2 local-16 1', '3 experts 1', '4 global 2', '5 local-16 2', '6 experts 2'])

  const training = only(events, 'training')
  assert.ok(training.every(({ done, of }, i) => of === 36 && (i === 0 || done >= training[i - 1].done)))
  assert.equal(training.at(-1)!.done, 36)
  const points = only(events, 'cost').map(({ point: { attention, length, batch, seconds } }) => [
    attention,
    length,
    batch,
    seconds.length,
  ])
  assert.deepEqual(points, [
    ['local', 8, 4, 2],
    ['none', 8, 4, 2],
    ['local', 16, 2, 2],
    ['none', 16, 2, 2],
  ])
  const end = events.at(-1)!
  assert.ok(end.kind === 'end' && !end.interrupted && end.report?.complete)
  assert.deepEqual(await readReport(join(await world(), 'whole/report.json')), JSON.parse(JSON.stringify(end.report)))

  for (const { result } of only(events, 'result')) {
    assert.deepEqual(
      result.evaluations.map(({ step, tokens }) => [step, tokens]),
      [2, 4, 6].map((step) => [step, step * 32]),
    )
    const times = result.evaluations.map(({ seconds }) => seconds)
    assert.ok(times[0] > 0 && times[1] > times[0] && times[2] > times[1] && result.seconds === times[2])
    assert.ok(result.cpuSeconds > 0 && result.tokensPerSecond > 0 && result.stepMemory! > 1000)
  }
})

test('equal data order and initial values: what is the same function has the same losses; another seed has others', async () => {
  const results = new Map(resultsOf(await run('whole')).map(([variant, each]) => [`${variant} ${each.seed}`, each]))
  const losses = (key: string) => results.get(key)!.evaluations.map(({ loss }) => loss)
  for (const seed of [1, 2]) {
    const [global, local] = [losses(`global ${seed}`), losses(`local-16 ${seed}`)]
    assert.ok(
      global.every((loss, i) => Math.abs(loss - local[i]) < 1e-4),
      `${global} ${local}`,
    )
  }
  assert.ok(Math.abs(losses('global 1')[0] - losses('global 2')[0]) > 1e-3)
  assert.ok(Math.abs(losses('global 1')[2] - losses('experts 1')[2]) > 1e-4)
})

test('parameters of equal name and shape start with equal values in all variants of a seed', async () => {
  const more = { rotary: { rotary_emb: true }, none: { attention_types: [[['none'], 1]] } }
  const { variants } = await parseAblation({ ...SPEC, variants: { ...SPEC.variants, ...more } })
  const starts = new Map<string, Map<string, Float32Array>>()
  for (const seed of [1, 2])
    for (const variant of variants) {
      const trainer = new Trainer(await engine(), configOf(variant, seed))
      await trainer.initialise()
      const values = new Map<string, Float32Array>()
      for (const [name, array] of Object.entries(trainer.parameters)) values.set(name, await array.readFloats())
      starts.set(`${variant.name} ${seed}`, values)
      trainer.dispose()
    }
  const first = starts.get('global 1')!
  const shared = ['local-16', 'experts', 'rotary', 'none'].map((name) => {
    const common = [...starts.get(`${name} 1`)!].filter(([key, { length }]) => first.get(key)?.length === length)
    for (const [key, values] of common) assert.deepEqual(values, first.get(key), `${name} ${key}`)
    return common.length
  })
  // All; all but the feed-forward of one layer; all but the positions; all but attention and its norms.
  assert.deepEqual(shared, [17, 13, 16, 10])
  assert.notDeepEqual(starts.get('global 2')!.get('gpt2/wte'), first.get('gpt2/wte'))
})

test('interrupted anywhere, it resumes there, and ends with the losses of an uninterrupted one', async () => {
  const whole = resultsOf(await run('whole'))
  const stops: ((event: AblationEvent) => boolean)[] = [
    (event) =>
      event.kind === 'training' &&
      event.variant === 'local-16' &&
      event.event.kind === 'step' &&
      event.event.step === 3,
    (event) => event.kind === 'training' && event.seed === 2 && event.event.kind === 'evaluating',
    (event) => event.kind === 'result' && event.variant === 'experts' && event.seed === 2,
    (event) => event.kind === 'measuring' && event.length === 16,
  ]
  let finished = -1
  for (const stop of stops) {
    const events = await run('parts', { onEvent: (event, controller) => stop(event) && controller.abort() })
    const end = events.at(-1)!
    assert.ok(end.kind === 'end' && end.interrupted)
    const [start] = only(events, 'start')
    assert.ok(start.finished > finished, `${start.finished}`)
    finished = start.finished
  }
  assert.equal(finished, 6)
  const rest = await run('parts')
  assert.equal(only(rest, 'training').length, 0)
  assert.deepEqual(
    only(rest, 'measuring').map(({ attention, length }) => [attention, length]),
    [
      ['local', 16],
      ['none', 16],
    ],
  )
  assert.deepEqual(resultsOf(rest), whole)
  const end = rest.at(-1)!
  assert.ok(end.kind === 'end' && !end.interrupted)
})

test('step times of a resumed run: no line twice, none lost, increasing', async () => {
  await run('times', {
    onEvent: (event, controller) =>
      event.kind === 'training' && event.event.kind === 'step' && event.event.step === 3 && controller.abort(),
  })
  const path = join(await world(), 'times/global-seed-1/times.jsonl')
  const lines = () =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const before = lines()
  assert.deepEqual(
    before.map(({ step }) => step),
    [1, 2, 3, 4],
  )
  // As a process leaves it that was killed after its last checkpoint, in the middle of a line.
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"step":5,"seconds":99,"cpuSeconds":99}\n{"step":6,"sec`)
  await run('times')
  assert.deepEqual(
    lines().map(({ step }) => step),
    [1, 2, 3, 4, 5, 6],
  )
  assert.deepEqual(lines().slice(0, 4), before)
  const seconds = lines().map((line) => line.seconds)
  assert.ok(seconds.every((value, i) => i === 0 || value > seconds[i - 1]) && seconds[5] < 90)
})

test('a variant whose training diverges is a result; the others continue', async () => {
  const spec = {
    variants: { ...SPEC.variants, wild: { lr: 1e30 } },
    seeds: [1],
    costs: undefined,
  }
  const events = await run('wild', { spec })
  const results = new Map(only(events, 'result').map(({ variant, result }) => [variant, result]))
  assert.equal(results.size, 4)
  assert.match(results.get('wild')!.diverged!, /^step \d: the (loss|gradient norm) is (NaN|Infinity)$/)
  assert.equal(results.get('global')!.diverged, null)
  const again = await run('wild', { spec })
  assert.equal(only(again, 'run').length, 0, 'it is not tried again')
  const end = again.at(-1)!
  assert.ok(end.kind === 'end' && end.report)
  const row = end.report.summary.find(({ variant }) => variant === 'wild')!
  assert.deepEqual([row.seeds, row.diverged, row.validationLoss], [0, 1, null])
  assert.match(readFileSync(join(await world(), 'wild/report.md'), 'utf8'), /\| wild \|.*1 seed diverged/)
})

test('more variants and seeds may come later; other settings or other data may not', async () => {
  await run('grown', { spec: { seeds: [1], costs: undefined } })
  const grown = await run('grown', { spec: { seeds: [1, 3], costs: undefined } })
  assert.equal(only(grown, 'start')[0].finished, 3)
  assert.deepEqual(
    only(grown, 'run').map(({ seed }) => seed),
    [3, 3, 3],
  )
  await assert.rejects(run('grown', { spec: { steps: 8, costs: undefined } }), {
    name: 'FileError',
    message: /grown\/global-seed-1 was trained with another config: train_steps was 6, is 8\. Use another --out/,
  })
  const folder = await world()
  // As a version wrote it that had fewer keys.
  const config = join(folder, 'grown/global-seed-1/config.json')
  const { compat, ...older } = JSON.parse(readFileSync(config, 'utf8'))
  assert.equal(compat, 'fixed')
  writeFileSync(config, JSON.stringify(older))
  assert.equal(only(await run('grown', { spec: { costs: undefined } }), 'start')[0].finished, 3)
  const marker = join(folder, 'grown/ablation.json')
  const saved = readFileSync(marker, 'utf8')
  writeFileSync(marker, saved.replace(/"trainingSequences": \d+/, '"trainingSequences": 7'))
  await assert.rejects(run('grown', { spec: { costs: undefined } }), {
    message: /grown was started with other data\. Use another --out, or the data that it was started with$/,
  })
})

test('a folder with other files is rejected, and left unchanged', async () => {
  const folder = await world()
  const before = readdirSync(join(folder, 'texts'))
  await assert.rejects(run('texts'), {
    message: /texts must be an ablation's folder or empty \(it holds ".*"\)\. Use another --out$/,
  })
  assert.deepEqual(readdirSync(join(folder, 'texts')), before)
})

test('leaving the loop early frees what the training held', async () => {
  const folder = await world()
  const parsed = await parseAblation({ ...SPEC, costs: undefined }, { folder })
  const out = join(folder, 'left')
  const count = () => JSON.stringify(liveHandles())
  const on = await engine()
  const before = count()
  for await (const event of ablate(parsed, { engine: on, out }))
    if (event.kind === 'training' && event.event.kind === 'step') break
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(count(), before)
  assert.ok(!existsSync(join(out, 'report.json')))
})
