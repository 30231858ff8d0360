/** The config's eval_tasks as a function of the step. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { evaluate } from '../../src/evaluate/index.js'
import { loadModel } from '../../src/generate/index.js'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { checkpointFolder } from '../../src/checkpoint/index.js'
import { readMetrics } from '../../src/train/index.js'
import { engine } from '../tensor/check.js'
import { only, world } from './support.js'

async function tasksWorld() {
  const made = await world()
  const file = made.path('pairs.jsonl')
  const pairs = Array.from({ length: 6 }, (_, i) => ({
    good: `the union of ${'peace war law our'.split(' ')[i % 4]}`,
    bad: 'of of the the war',
  }))
  writeFileSync(file, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''))
  return {
    ...made,
    tokenizer: made.path('tokenizer.json'),
    tasks: [`pairs=${file}`, `text=${made.path('texts/3.txt')}`],
  }
}

test('eval_tasks are evaluated with the validation data, on the parameters of the step', async () => {
  const { run, path, tasks, tokenizer } = await tasksWorld()
  const config = { train_steps: 4, steps_per_checkpoint: 2, eval_tasks: tasks }
  const options = { config, tokenizer, evaluateEvery: 2, keepCheckpoints: 0 }
  const events = await run('tasks', options)
  const found = only(events, 'tasks')
  assert.deepEqual(
    found.map(({ step }) => step),
    [2, 4],
  )
  for (const { step, tasks: metrics } of found) {
    const model = await loadModel(await engine(), checkpointFolder(path('tasks'), step))
    const results = await evaluate({ ...model, tokenizer: await loadTokenizer(tokenizer) }, tasks)
    for (const { name, metrics: wanted } of results)
      for (const [metric, { value }] of Object.entries(wanted))
        assert.equal(metrics[name][metric], value, `${step} ${metric}`)
  }
  const logged = (await readMetrics(path('tasks/metrics.jsonl'))).filter((line) => line.tasks !== undefined)
  assert.deepEqual(
    logged.map(({ step, tasks: metrics }) => ({ step, metrics })),
    found.map(({ step, tasks: metrics }) => ({ step, metrics })),
  )
  assert.ok(only(events, 'evaluating').some(({ what }) => what === 'tasks'))

  // Once more: from the log.
  const made = (again: typeof events) => only(again, 'evaluating').filter(({ what }) => what === 'tasks').length > 0
  const again = await run('tasks', options)
  assert.deepEqual([made(again), only(again, 'tasks')], [false, found.slice(1)])
})

test('an interrupt during the tasks counts: the next start evaluates; layers may be in a loop', async () => {
  const { run, tasks, tokenizer } = await tasksWorld()
  const controller = new AbortController()
  const options = { config: { train_steps: 1, eval_tasks: tasks }, tokenizer, layers: 'scan' } as const
  const stopped = await run('stopped', {
    ...options,
    validation: undefined,
    signal: controller.signal,
    onEvent: (event) => void (event.kind === 'step' && controller.abort()),
  })
  assert.deepEqual(stopped.at(-1), { kind: 'end', step: 1, interrupted: true })
  const rest = await run('stopped', options)
  assert.equal(only(rest, 'tasks').length, 1)
  assert.deepEqual(rest.at(-1), { kind: 'end', step: 1, interrupted: false })
})

test('names without data are passed over; what is wrong with tasks shows before the run has a folder', async () => {
  const { run, path, tokenizer, tasks } = await tasksWorld()
  const bare = await run('bare', { config: { train_steps: 1, eval_tasks: ['lambada', 'wikitext'] }, tokenizer })
  assert.equal(only(bare, 'tasks').length, 0)
  for (const [changes, words] of [
    [{ eval_tasks: ['lambada=none.jsonl'] }, /none\.jsonl/],
    [{ eval_tasks: ['lambda=x'] }, /the kind of a task must be one of/],
    [{ eval_tasks: tasks, mlm_training: true, mlm_mask_id: 3 }, /must predict next tokens \(got mlm_training/],
  ] as const) {
    await assert.rejects(run('none', { config: changes, tokenizer }), words)
    assert.ok(!existsSync(path('none')))
  }
  await assert.rejects(
    run('none', { config: { eval_tasks: tasks } }),
    /eval_tasks need the tokenizer of the data \(got none/,
  )
})
