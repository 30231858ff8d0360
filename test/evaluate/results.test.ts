/** Results as files, and two models compared. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compare, METRICS, readResults, writeResults, type Metric, type TaskResult } from '../../src/evaluate/index.js'
import { estimate } from '../../src/evaluate/bootstrap.js'
import { temporaryFolder } from '../files/temporary-folder.js'

function result(
  name: string,
  form: TaskResult['form'],
  figures: readonly Record<string, number>[],
  data = 'd',
): TaskResult {
  const metrics = METRICS[form].map((metric: Metric) => [metric.name, estimate(metric, figures)] as const)
  return {
    name,
    kind: form,
    form,
    data,
    truncated: 0,
    metrics: Object.fromEntries(metrics),
    items: figures.map((each, i) => ({ logLikelihoods: [-i - 0.1, -2], gold: 0, figures: each })),
  }
}

const right = (...acc: number[]) => acc.map((x) => ({ acc: x, acc_norm: 1 - x }))

test('results are read as they were written, and an earlier folder is replaced', async (t) => {
  const folder = join(temporaryFolder(t), 'results')
  const results = [result('a', 'choices', right(1, 0, 1)), result('b', 'pairs', [{ acc: 1 }])]
  await writeResults(folder, results.slice(1), { model: 'm', step: 0 })
  await writeResults(folder, results, { model: 'my/run', step: 5 })
  assert.deepEqual(await readResults(folder), {
    results: results.map((each) => ({ ...each })),
    from: { model: 'my/run', step: 5 },
  })
  const lines = readFileSync(join(folder, 'items.jsonl'), 'utf8').trim().split('\n')
  assert.equal(lines[1], '{"task":"a","item":1,"log_likelihoods":[-1.1,-2],"gold":0,"acc":0,"acc_norm":1}')
  writeFileSync(join(folder, 'items.jsonl'), lines.slice(1).join('\n'))
  await assert.rejects(readResults(folder), /items\.jsonl must have 3 lines of task a \(got 2\)\. Evaluate again/)
  writeFileSync(join(folder, 'summary.json'), '{}')
  await assert.rejects(readResults(folder), /summary\.json must be written by `neomesh eval --out`/)
})

test('only the same items are compared, and only figures of one unit', () => {
  const texts = (tokens: number) => [10, 20].map((nll) => ({ nll, bytes: 9, words: 3, tokens }))
  const a = [result('a', 'pairs', right(1, 0, 1)), result('t', 'text', texts(4)), result('x', 'pairs', right(1))]
  const b = [result('a', 'pairs', right(1, 1, 1)), result('t', 'text', texts(5)), result('y', 'pairs', right(1))]
  const { comparisons, notes } = compare(a, b)
  assert.deepEqual(
    comparisons.map(({ task, metric, a: first, b: second }) => [task, metric, first, second]),
    [
      ['a', 'acc', 2 / 3, 1],
      ...['bits_per_byte', 'byte_perplexity', 'word_perplexity'].map((name) => {
        const { value } = a[1].metrics[name]
        return ['t', name, value, value]
      }),
    ],
  )
  assert.deepEqual(notes, [
    't: token_perplexity is not compared: the two have another number of tokens',
    'x is not compared: only one of the two has results',
    'y is not compared: only one of the two has results',
  ])
  assert.deepEqual(
    compare(a, [result('a', 'pairs', right(1, 1, 1), 'other')]).notes[0],
    'a is not compared: the two are on other data',
  )
})
