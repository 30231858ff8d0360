/** The same figures as lm-evaluation-harness 0.4.13 over transformers, recorded by test/reference/make_evaluation_fixtures.py. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { evaluate, type EvaluatedModel, type TaskResult } from '../../src/evaluate/index.js'
import { loadModel } from '../../src/generate/index.js'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { fixture } from '../model/goldens.js'
import { engine } from '../tensor/check.js'

interface Recorded {
  readonly metrics: Readonly<Record<string, number>>
  /** The answers to an item's requests: log-likelihood, and whether the text is the most likely one. */
  readonly items: readonly (readonly [number, boolean?])[][]
}

const folder = fixture('evaluate')
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<string, Recorded>
const NAMES: Readonly<Record<string, string>> = { arc_easy: 'arc', lambada_openai: 'lambada' }

let opened: Promise<EvaluatedModel> | undefined
const model = () =>
  (opened ??= (async () => {
    const loaded = await loadModel(await engine(), join(folder, 'model'))
    return { ...loaded, tokenizer: await loadTokenizer(join(folder, 'model')) }
  })())

let evaluated: Promise<TaskResult[]> | undefined
const results = async () =>
  (evaluated ??= evaluate(
    await model(),
    Object.keys(expected).map((task) => `${NAMES[task] ?? task}=${join(folder, 'data', `${task}.jsonl`)}`),
  ))

for (const [task, { metrics, items }] of Object.entries(expected)) {
  test(`${task}: the harness's metrics, and its log-likelihoods within 1e-4`, async () => {
    const kind = NAMES[task] ?? task
    const found = (await results()).find(({ name }) => name === kind)!
    assert.equal(found.items.length, items.length)
    for (const [i, answers] of items.entries()) {
      const { logLikelihoods, figures } = found.items[i]
      assert.equal(logLikelihoods.length, answers.length)
      for (const [k, [wanted]] of answers.entries())
        assert.ok(Math.abs(logLikelihoods[k] - wanted) < 1e-4, `item ${i}, ${k}: ${logLikelihoods[k]}, not ${wanted}`)
      if (kind === 'lambada') assert.equal(figures.acc, Number(answers[0][1]))
    }
    for (const [name, wanted] of Object.entries(metrics)) {
      const { value } = found.metrics[name]
      assert.ok(Math.abs(value / wanted - 1) < 1e-5 || value === wanted, `${name}: ${value}, not ${wanted}`)
    }
    assert.ok(Object.keys(metrics).length > 0)
  })
}

test('contexts that do not fit lose their beginning, and are counted', async () => {
  const truncated = Object.fromEntries((await results()).map((each) => [each.name, each.truncated]))
  assert.deepEqual([truncated.arc, truncated.lambada, truncated.piqa], [3, 1, 0])
})

test('the phenomena of BLiMP are reported, and each is a mean over its pairs', async () => {
  const { groups, items } = (await results()).find(({ name }) => name === 'blimp')!
  const even = items.filter((_, i) => i % 2 === 0)
  assert.deepEqual(Object.keys(groups!), ['even', 'odd'])
  assert.equal(groups!.even.acc, even.reduce((sum, { figures }) => sum + figures.acc, 0) / even.length)
})
