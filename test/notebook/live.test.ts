/** What changes in place: bars, the curve of a training, a text that grows; and parameters. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { liveTokenText, param, progressBar, show, trainingView } from '../../src/notebook/index.js'
import type { TrainEvent } from '../../src/train/index.js'
import { trainTokenizer } from '../../src/tokenizer/index.js'
import { countElements, fakeKernel } from './fake-kernel.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-view-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a progress bar is one display, drawn a few times a second, and says rate and time', async () => {
  const shown = fakeKernel()
  const bar = progressBar('Work', { total: 1000, unit: 'steps' })
  for (let i = 1; i <= 500; i++) {
    bar.update(i, `loss ${i}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  assert.equal(shown.length, 1)
  assert.ok(shown[0].updates >= 2 && shown[0].updates <= 20, `drawn ${shown[0].updates} times`)
  assert.match(shown[0].bundle['text/plain'], /^Work: \d+ of 1,000 steps · [\d,.]+\/s · \d+ s left · loss \d+$/)
  bar.update(1000)
  bar.stop('done')
  assert.match(shown[0].bundle['text/plain'], /^Work: 1,000 of 1,000 steps · [\d,.]+\/s · \d+ s · done$/)
  countElements(shown[0].bundle['text/html'] as string)
})

const start = (step: number): TrainEvent => ({
  kind: 'start',
  step,
  steps: 40,
  parameters: 1234,
  resumed: null,
  program: { traceSeconds: 1, compileSeconds: 2, fromCache: false, memory: null, warnings: [] },
})
const trained = (step: number): TrainEvent => ({
  kind: 'step',
  step,
  steps: 40,
  loss: 5 - step / 20,
  gradientNorm: 1,
  learningRate: 0.1,
  tokens: step * 10,
  tokensPerSecond: 1000,
})
const evaluated = (step: number): TrainEvent => ({ kind: 'evaluation', step, loss: 4, perplexity: 50, bitsPerByte: 2 })
const figureOf = (bundle: any) => bundle['application/vnd.plotly.v1+json']

test('a training is one line, one bar and one curve, which ends with every number', async () => {
  const shown = fakeKernel()
  const view = await trainingView(join(folder, 'new'))
  view.add(start(0))
  for (let step = 1; step <= 40; step++) {
    view.add(trained(step))
    if (step % 20 === 0) view.add(evaluated(step))
  }
  view.add({ kind: 'end', step: 40, interrupted: false })
  assert.equal(shown.length, 3)
  const [status, bar, curve] = [
    shown[0],
    shown.find((each) => !each.bundle['image/svg+xml'] && each !== shown[0])!,
    shown.find((each) => each.bundle['image/svg+xml'])!,
  ]
  assert.equal(status.bundle['text/plain'], '1,234 parameters; the training step was compiled in 2.0 s')
  assert.match(bar.bundle['text/plain'], /^Training: 40 of 40 steps · .* · loss 3.000$/)
  const { data } = figureOf(curve.bundle)
  assert.deepEqual(
    data.map(({ name, x }: any) => [name, x.length]),
    [
      ['training', 40],
      ['training, mean', 40],
      ['validation', 2],
    ],
  )
  assert.deepEqual(data[0].y.slice(0, 3), [4.95, 4.9, 4.85])
  assert.ok(curve.updates <= 3, `the curve was drawn ${curve.updates} times in no time`)
})

test('the curve of a long run is of bounded size, with its highest and lowest losses', async () => {
  const shown = fakeKernel()
  const view = await trainingView(join(folder, 'long'))
  view.add({ ...start(0), steps: 50_000 } as TrainEvent)
  for (let step = 1; step <= 50_000; step++)
    view.add({
      ...trained(step),
      loss: step === 31_234 ? 99 : step === 41_235 ? 0.5 : 3 + Math.sin(step),
    } as TrainEvent)
  view.add({ kind: 'end', step: 50_000, interrupted: false })
  const { bundle } = shown.at(-1)!
  const [training] = figureOf(bundle).data
  assert.ok(training.x.length <= 2000)
  assert.deepEqual([training.x[0], training.x.at(-1)], [1, 50_000])
  for (const step of [31_234, 41_235]) assert.ok(training.x.includes(step), `step ${step}`)
  assert.ok(JSON.stringify(bundle).length < 150_000)
})

test('a training that goes on shows the curve from its beginning, without steps whose checkpoint was lost', async () => {
  const run = join(folder, 'resumed')
  mkdirSync(run)
  const lines = [
    { step: 1, loss: 9 },
    { step: 2, loss: 8 },
    { step: 2, validation_loss: 7 },
    { step: 3, loss: 6 },
  ]
  writeFileSync(join(run, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const shown = fakeKernel()
  const view = await trainingView(run)
  view.add(start(2))
  view.add(trained(3))
  view.add({ kind: 'end', step: 3, interrupted: true })
  const { data } = figureOf(shown.at(-1)!.bundle)
  assert.deepEqual(
    [data[0].x, data[0].y],
    [
      [1, 2, 3],
      [9, 8, 4.85],
    ],
  )
  assert.deepEqual([data[2].x, data[2].y], [[2], [7]])
  assert.match(shown[0].bundle['text/plain'], /; resuming after step 2$/)
  assert.ok(shown.some(({ bundle }) => /stopped and saved; run the cell again to resume$/.test(bundle['text/plain'])))
})

test('a text grows in one display, its prompt bold', async () => {
  const shown = fakeKernel()
  const tokenizer = await trainTokenizer({ texts: ['the law of the land'], vocabSize: 260 })
  const ids = tokenizer.encode('the law')
  const text = liveTokenText(tokenizer, ids.slice(0, 2), 'Sample')
  for (const id of ids.slice(2)) text.add(id)
  text.end()
  assert.equal(shown.length, 1)
  assert.equal(shown[0].bundle['text/plain'], 'the law')
  const html = shown[0].bundle['text/html'] as string
  assert.equal([...html.matchAll(/font-weight: bold/g)].length, 2)
})

test('show shows each value in a display of its own', () => {
  const shown = fakeKernel()
  show({ a: 1 }, 'text')
  assert.deepEqual(
    shown.map(({ bundle }) => bundle['text/plain']),
    ['{ a: 1 }', "'text'"],
  )
})

test('parameters: the environment, read as what the default is, within limits', () => {
  const set = (values: Record<string, string>) => {
    for (const name of Object.keys(process.env)) if (name.startsWith('NEOMESH_PARAM_')) delete process.env[name]
    for (const [name, value] of Object.entries(values)) process.env[`NEOMESH_PARAM_${name}`] = value
  }
  set({ steps: '20', rate: '1e-3', name: 'a b', on: 'false' })
  assert.deepEqual(
    [param('steps', 5), param('rate', 0.5), param('name', 'x'), param('on', true), param('other', 7)],
    [20, 0.001, 'a b', false, 7],
  )
  const refused: [Record<string, string>, () => unknown, RegExp][] = [
    [
      { steps: 'many' },
      () => param('steps', 5),
      /^parameter steps must be a number \(got "many"\)\. Change the environment variable NEOMESH_PARAM_steps, or unset it$/,
    ],
    [{ steps: '' }, () => param('steps', 5), /must be a number \(got ""\)/],
    [{ on: 'yes' }, () => param('on', true), /must be true or false \(got "yes"\)/],
    [{ steps: '1.5' }, () => param('steps', 5, { integer: true }), /must be an integer \(got "1.5"\)/],
    [{ steps: '0' }, () => param('steps', 5, { min: 1 }), /must be >= 1 \(got "0"\)/],
    [
      {},
      () => param('steps', 50, { max: 9 }),
      /^parameter steps must be <= 9 \(got 50\)\. Change the value in the cell$/,
    ],
    [{ kind: 'c' }, () => param('kind', 'a', { choices: ['a', 'b'] }), /must be one of "a", "b" \(got "c"\)/],
  ]
  for (const [values, run, message] of refused) {
    set(values)
    assert.throws(run, { name: 'RangeError', message })
  }
  set({})
})
