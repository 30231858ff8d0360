/** A grid end to end: cells, resuming, processes, the report from its JSON. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  cellsNamed,
  createPool,
  gridFiles,
  parseGrid,
  readGridReport,
  runGrid,
  summaryOfCells,
  type Cell,
  type GridEvent,
  type GridReport,
  type Pool,
} from '../../../src/ablate/index.js'
import { engine } from '../../tensor/check.js'
import { folder, GRID } from './support.js'

interface RunGrid {
  readonly spec?: Record<string, unknown>
  readonly pool?: Pool
  /** Parts of names. */
  readonly only?: readonly string[]
  readonly onEvent?: (event: GridEvent, controller: AbortController) => void
}

async function run(name: string, { spec = {}, pool, only, onEvent }: RunGrid = {}): Promise<GridEvent[]> {
  const parsed = await parseGrid({ ...GRID, ...spec }, { name: 'tiny' })
  const controller = new AbortController()
  const events: GridEvent[] = []
  const chosen = only && cellsNamed(parsed, only)
  const which = chosen && { only: (cell: Cell) => chosen.includes(cell) }
  const options = { engine: await engine(), out: join(folder, name), signal: controller.signal, ...which }
  for await (const event of runGrid(parsed, { ...options, pool: pool && { pool, size: 2 } })) {
    events.push(event)
    onEvent?.(event, controller)
  }
  return events
}

/** What does not depend on time. */
const numbersOf = ({ cells }: GridReport) =>
  cells.map(({ task, variant, seed, result }) => [
    task,
    variant,
    seed,
    result?.evaluations.map(({ step, loss, accuracy }) => [step, loss, accuracy]),
    result?.tests,
  ])

test('a grid trains every cell, tests it also at other lengths, and its report recomputes from its JSON', async () => {
  const events = await run('whole')
  const [start] = events
  assert.deepEqual(start, { kind: 'start', cells: 4, finished: 0 })
  const end = events.at(-1)!
  assert.ok(end.kind === 'end' && !end.interrupted && end.report?.complete)
  for (const { result } of end.report.cells) {
    assert.deepEqual(Object.keys(result!.tests), ['test', 'longer'])
    assert.deepEqual(
      result!.evaluations.map(({ step }) => step),
      [3, 6],
    )
    assert.equal(result!.tests.test.accuracy, result!.evaluations.at(-1)!.accuracy)
  }
  const report = await readGridReport(join(folder, 'whole/report.json'))
  assert.deepEqual(JSON.parse(JSON.stringify(summaryOfCells(report))), report.summary)
  const files = gridFiles(report)
  assert.ok('accuracy-mqar.svg' in files && 'learning-mqar.svg' in files && 'kinds-by-tasks.svg' in files)
  for (const [name, text] of Object.entries(files))
    assert.equal(readFileSync(join(folder, 'whole', name), 'utf8'), text)
})

test('interrupted within a training and resumed, also in processes, a grid gives the same numbers', async () => {
  const last = (events: GridEvent[]) => {
    const end = events.at(-1)!
    return end.kind === 'end' ? end : assert.fail('no end')
  }
  const whole = last(await run('whole'))
  let steps = 0
  const cut = await run('cut', {
    onEvent: (event, controller) => {
      if (event.kind === 'training' && event.event.kind === 'step' && ++steps === 8) controller.abort()
    },
  })
  assert.ok(last(cut).interrupted)
  assert.deepEqual(numbersOf(last(await run('cut')).report!), numbersOf(whole.report!))

  const pool = createPool({})
  try {
    const events = await run('processes', { pool })
    const done = events.flatMap((event) => (event.kind === 'result' ? [event.done] : []))
    assert.deepEqual(done, [1, 2, 3, 4])
    const numbers = numbersOf(last(events).report!)
      .flat(9)
      .filter((each) => typeof each === 'number')
    const expected = numbersOf(whole.report!)
      .flat(9)
      .filter((each) => typeof each === 'number')
    numbers.forEach((each, i) => assert.ok(Math.abs(each - expected[i]) < 1e-4, `${each} ${expected[i]}`))
  } finally {
    pool.close()
  }
})

test('of a part of the cells the others stay unfinished, and the whole grid resumes it', async () => {
  const events = await run('part', { only: ['none,global', 'seed-2'] })
  assert.deepEqual(events[0], { kind: 'start', cells: 2, finished: 0 })
  const end = events.at(-1)!
  assert.ok(end.kind === 'end' && !end.interrupted && !end.report!.complete)
  assert.deepEqual(
    end.report!.cells.map(({ seed, result }) => [seed, result !== null]),
    [1, 1, 2, 2].map((seed) => [seed, seed === 2]),
  )
  assert.deepEqual((await run('part'))[0], { kind: 'start', cells: 4, finished: 2 })
  await assert.rejects(run('part', { only: ['glob'] }), {
    name: 'RangeError',
    message:
      /^only: must be parts of the names of trainings \(got "glob"\)\. They are: mqar, global, seed-1, none, seed-2$/,
  })
})

test('a folder of other tasks is not resumed, a training that is solved ends early', async () => {
  await assert.rejects(run('whole', { spec: { task: { ...GRID.task, pairs: 1 } } }), /was started with other tasks/)
  const events = await run('solved', { spec: { stop_at: 0, seeds: [1], variants: { global: {} } } })
  const [result] = events.flatMap((event) => (event.kind === 'result' ? [event.result] : []))
  assert.equal(result.evaluations.at(-1)!.step, 3)
  assert.ok(readdirSync(join(folder, 'solved')).includes('report.html'))
})

test('a task that needs a model of its own kind gets it: compression an auto-encoder', async () => {
  const task = { name: 'compression', length: 8, vocabulary: 6, examples: 32, test_examples: 8 }
  const events = await run('compression', { spec: { task, seeds: [1], variants: { global: {} } } })
  const end = events.at(-1)!
  const [{ config, result }] = end.kind === 'end' ? end.report!.cells : assert.fail('no end')
  assert.deepEqual([config.auto_encoder, config.n_ctx, config.n_vocab], [true, 8, 6])
  const groups = Object.keys(result!.tests.test.groups)
  assert.deepEqual(groups.sort(), ['distance 0', 'distance 1', 'distance 2-3', 'distance 4-7'])
})
