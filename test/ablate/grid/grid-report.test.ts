/** What a report makes of results, and what the spec rejects. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  gridFiles,
  gridTable,
  gridVerdict,
  isGrid,
  isScaling,
  parseGrid,
  readAblation,
  readGrid,
  readScaling,
} from '../../../src/ablate/index.js'
import { readJson } from '../../../src/files/index.js'
import { GRID, madeUp } from './support.js'

const configs = fileURLToPath(new URL('../../../../configs/ablations/', import.meta.url))

test('configs of ablations have no problems', async () => {
  for (const name of readdirSync(configs)) {
    const path = configs + name
    const given = await readJson(path)
    await (isGrid(given) ? readGrid(path) : isScaling(given) ? readScaling(path) : readAblation(path))
  }
})

test('of keys of training the best is reported, of keys of the model each; intervals are of the mean over seeds', async () => {
  const grid = { n_embd: [8, 16], lr: [0.001, 0.01] }
  const report = await madeUp({ grid }, ({ variant, point, seed }) => {
    if (variant === 'none') return 0.1
    return (point.lr === 0.01 ? 0.8 : 0.5) + (point.n_embd === 16 ? 0.1 : 0) + (seed === 1 ? 0.01 : -0.01)
  })
  assert.equal(report.cells.length, 16)
  assert.deepEqual(
    report.summary.map(({ variant, point, tuned }) => [variant, point, tuned]),
    [
      ['global', { n_embd: 8 }, { lr: 0.01 }],
      ['global', { n_embd: 16 }, { lr: 0.01 }],
      ['none', { n_embd: 8 }, { lr: 0.001 }],
      ['none', { n_embd: 16 }, { lr: 0.001 }],
    ],
  )
  const [row] = report.summary
  assert.ok(Math.abs(row.accuracy!.mean - 0.8) < 1e-9)
  // Student's t of one degree of freedom, times a standard deviation of 0.01 sqrt 2, over sqrt 2.
  assert.ok(Math.abs(row.halfWidth! - 12.706 * 0.01) < 1e-6)
  // Keys and values of 12 tokens: 2 n_embd f32 numbers each.
  assert.equal(row.stateBytes, 12 * 2 * 8 * 4)
  assert.equal(report.summary[2].stateBytes, 0)
  assert.match(gridTable(report)[1].join(' | '), /global, n_embd 8 \| 0\.800 ± 0\.127 \| 0\.800/)
  const files = gridFiles(report)
  assert.match(files['memory-mqar.svg'], /state of a sequence/)
  assert.match(files['report.md'], /best of.*lr 0\.01/s)
})

test('the verdict says who solves a task, the order and gaps, and whether publications agree', async () => {
  const spec = {
    task: undefined,
    tasks: {
      copying: { name: 'selective_copying', tests: { more: { tokens: 8 } } },
      memorisation: { name: 'memorisation' },
    },
    variants: { attention: {}, window: { attention_types: [[['local'], 1]] } },
    seeds: [1, 2, 3],
  }
  const report = await madeUp(spec, ({ task, variant, seed }) => {
    if (task === 'copying') return variant === 'attention' ? 1 : 0.6 + 0.01 * seed
    return seed === 3 && variant === 'window' ? null : 0.5
  })
  assert.ok(!report.complete)
  const [copying, memorisation] = gridVerdict(report)
  assert.match(copying, /^copying: attention solves it; behind: window 0\.620 ± 0\.025\.$/)
  assert.match(memorisation, /^memorisation: nothing solves it; in order: /)
  assert.match(gridTable(report)[1].join(' '), /0\.996 \(DeltaNet paper \(2406\.06484\)\)/)
  const files = gridFiles(report)
  assert.match(files['kinds-by-tasks.svg'], /copying: more/)
  assert.match(files['report.html'], /has not finished: 11 of 12 trainings have/)
})

test('problems of a grid are reported at once', async () => {
  const fails = async (given: Record<string, unknown>, ...words: RegExp[]) =>
    assert.rejects(
      parseGrid({ ...GRID, ...given }),
      (error: Error) => words.every((word) => word.test(error.message)) || assert.fail(error.message),
    )
  await fails({ tasks: { a: 'mqar' } }, /task: either task or tasks must be given/)
  await fails(
    { task: { name: 'mqar', pairs: 99 }, grid: { lr: [] } },
    /task\.pairs: must be at most/,
    /grid\.lr: must be a list/,
  )
  await fails({ grid: { n_head: [2, 3] } }, /variants\.global at n_head 3 on mqar: n_head.*must/)
  await fails({ variants: { 'a/b': {} } }, /variants\.a\/b: the name must be/)
  await fails({ task: { ...GRID.task, tests: { more: { length: 13 } } } }, /task\.tests\.more\.length: must be even/)
  await fails(
    { base: { ...GRID.base, rotary_emb: undefined } },
    /a table of positions has n_ctx 12 rows, too few for tests\.longer/,
  )
  await fails({ stop_att: 1 }, /stop_att: no such key.*stop_at/)
})
