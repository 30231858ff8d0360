/** Labelled data: the loss at labelled positions alone, accuracy, the end at an accuracy, and files. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseModelConfig } from '../../src/config/index.js'
import { openSplits } from '../../src/data/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { GptNeo, type Parameters } from '../../src/model/index.js'
import { openTask, parseTask, writeTask } from '../../src/tasks/index.js'
import { dim, valueAndGrad, type Tensor } from '../../src/tensor/index.js'
import { labelledExamples, labelScores, readMetrics, train, type TrainEvent } from '../../src/train/index.js'
import { engine } from '../tensor/check.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-labels-'))
process.env.NEOMESH_CACHE = join(folder, 'cache')
after(() => rmSync(folder, { recursive: true, force: true }))

const TASK = { name: 'mqar', length: 16, pairs: 3, vocabulary: 24, examples: 64, test_examples: 10 }
const SETTINGS = { n_embd: 8, n_head: 2, n_layer: 1, lr: 1e-2, train_steps: 6, train_batch_size: 4, opt_name: 'adamw' }
const configOf = (changes: Record<string, unknown> = {}) =>
  parseModelConfig({ n_vocab: 24, n_ctx: 16, ...SETTINGS, ...changes }, 'test').config

async function rows(count: number) {
  const { samples } = openTask(parseTask(TASK))
  const each = await Promise.all(Array.from({ length: count }, (_, i) => samples.read(i)))
  return Int32Array.from(each.flatMap((row) => [...row]))
}

test('loss and gradients at labelled positions alone are those of all positions with the others masked', async () => {
  const on = await engine()
  for (const changes of [{}, { z_loss: 1e-2, no_weight_tie: true }]) {
    const model = new GptNeo(configOf(changes))
    const parameters = await model.initialise(on)
    const ids = DeviceArray.from(on, await rows(4), [dim('batch', 4), dim('tokens', 17)], 'i32')
    // With 16 labels, as many as positions, all logits are computed; 5 are more than there are.
    const results = []
    for (const count of [16, 5]) {
      const run = jit(on, (p: Parameters, given: Tensor) => {
        const { inputs, labels, labelled } = labelledExamples(count)(given, model.config)
        return valueAndGrad((values: Parameters) => model.loss(values, inputs, labels, { labelled }).loss)(p)
      })
      const [loss, gradients] = await run(parameters, ids)
      const numbers = await Promise.all(Object.values(gradients).map((each) => (each as DeviceArray).read()))
      results.push([await loss.readScalar(), ...numbers.flatMap((each) => [...each])])
      run.dispose()
    }
    const [all, ...few] = results
    for (const each of few)
      each.forEach((value, i) => assert.ok(Math.abs(value - all[i]) < 1e-6, `${value} ${all[i]} at ${i}`))
  }
})

test('accuracy counts labels that are the most likely token, by group, whatever the batch size', async () => {
  const on = await engine()
  const { validation } = openTask(parseTask(TASK))
  const results = []
  for (const eval_batch_size of [3, 10]) {
    const model = new GptNeo(configOf({ eval_batch_size }))
    const measure = labelScores(on, model, validation.labels!)
    const parameters = await model.initialise(on)
    results.push(await measure(parameters, validation))
    measure.dispose()
  }
  const [{ loss, accuracy, groups, tokens }, other] = results
  assert.ok(Math.abs(loss - other.loss) < 1e-6 && accuracy === other.accuracy)
  assert.deepEqual(groups, other.groups)
  assert.equal(tokens, 30)
  const tallies = Object.values(groups!)
  assert.equal(
    tallies.reduce((sum, { of }) => sum + of, 0),
    30,
  )
  assert.ok(Math.abs(tallies.reduce((sum, { correct }) => sum + correct, 0) / 30 - accuracy!) < 1e-12)
  assert.ok(Math.abs(loss - Math.log(24)) < 0.2, 'an untrained model knows nothing')
})

async function trained(run: string, options: Record<string, unknown> = {}, changes: Record<string, unknown> = {}) {
  const { samples, validation } = openTask(parseTask(TASK))
  const events: TrainEvent[] = []
  const given = { engine: await engine(), config: configOf(changes), run: join(folder, run), data: samples, validation }
  for await (const event of train({ ...given, evaluateEvery: 2, ...options })) events.push(event)
  return events
}

test('training reports accuracy, ends at the one asked for, and microbatches do not change the loss', async () => {
  const losses = (events: TrainEvent[]) => events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []))
  const whole = await trained('whole')
  const evaluations = whole.flatMap((event) => (event.kind === 'evaluation' ? [event] : []))
  assert.deepEqual(
    evaluations.map(({ step }) => step),
    [2, 4, 6],
  )
  const lines = (await readMetrics(join(folder, 'whole/metrics.jsonl'))).filter(
    ({ accuracy }) => accuracy !== undefined,
  )
  assert.deepEqual(
    lines.map(({ accuracy }) => accuracy),
    evaluations.map(({ accuracy }) => accuracy),
  )
  const early = await trained('early', { stopAtAccuracy: 0 })
  const end = early.at(-1)!
  assert.ok(end.kind === 'end' && !end.interrupted && end.step === 2)
  const parts = await trained('parts', {}, { tokens_per_mb_per_replica: 32 })
  losses(whole).forEach((loss, i) => assert.ok(Math.abs(loss - losses(parts)[i]) < 1e-5))
})

test('written as files it gives the same training', async () => {
  const output = join(folder, 'written')
  const totals = await writeTask(parseTask(TASK), { output })
  assert.deepEqual(totals, { output, train: 64, validation: 10 })
  const { samples, validation, close } = await openSplits(join(output, 'dataset.json'), { vocabularySize: 24 })
  assert.equal(samples.labels, 3)
  const losses = (events: TrainEvent[]) => events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []))
  const [made, read] = [await trained('made'), await trained('read', { data: samples, validation })]
  assert.deepEqual(losses(read), losses(made))
  close()
})

test('an auto-encoder learns the labels of compression, and refuses text', async () => {
  const { samples, validation } = openTask(
    parseTask({ name: 'compression', length: 16, vocabulary: 4, examples: 64, test_examples: 10 }),
  )
  const config = configOf({ auto_encoder: true, n_vocab: 4, train_steps: 60, lr: 3e-2, warmup_steps: 0 })
  const events = await trained('encoder', { config, data: samples, validation, evaluateEvery: 0 })
  const losses = events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []))
  assert.ok(losses.at(-1)! < losses[0] - 0.1, losses.join())
  const { labels: _, ...text } = samples
  await assert.rejects(
    trained('text', {
      config,
      data: { ...text, read: (i: number) => samples.read(i) } as never,
      validation: undefined,
    }),
    { name: 'DataError', message: /^auto_encoder must have labelled data \(got text\)\. Train on a task/ },
  )
})
