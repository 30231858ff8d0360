/** Checkpoints that are written in the background. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readMetrics, Trainer } from '../../src/train/index.js'
import { Saver } from '../../src/train/saver.js'
import { StateCopy } from '../../src/train/state-copy.js'
import { engine } from '../tensor/check.js'
import { only, world } from './support.js'

async function makeTrainer() {
  const { config } = await world()
  const trainer = new Trainer(await engine(), config())
  await trainer.initialise()
  const { train_batch_size, n_ctx } = trainer.config
  const step = async () => {
    const { loss, gradientNorm, learningRate } = await trainer.trainOn(
      Int32Array.from({ length: train_batch_size * (n_ctx + 1) }, (_, i) => (i * 7 + trainer.step) % 300),
    )
    await loss.readScalar()
    for (const x of [loss, gradientNorm, learningRate]) x.dispose()
  }
  return { trainer, step }
}

const saverOptions = (run: string) => ({
  run,
  keep: (steps: readonly number[]) => steps,
  of: {},
  checkLock: async () => {},
})

test('what is copied out is saved, whatever steps are made meanwhile, and its memory is reused', async () => {
  const { path } = await world()
  const { trainer, step } = await makeTrainer()
  const copy = new StateCopy()
  await step()
  await trainer.copyOut(copy)
  const [memory] = [copy.get('gpt2/wte')!.buffer]
  await step()
  await trainer.save(path('copied/at-once'))
  const save = await trainer.copyOut(copy)
  assert.equal(copy.get('gpt2/wte')!.buffer, memory)
  await step()
  await save(path('copied/later'))
  for (const name of readdirSync(path('copied/at-once')))
    assert.ok(readFileSync(path('copied/later', name)).equals(readFileSync(path('copied/at-once', name))), name)
  trainer.dispose()
})

test('one checkpoint is written at a time; each is reported once, when it is committed', async () => {
  const { path } = await world()
  const { trainer, step } = await makeTrainer()
  let writing = 0
  let most = 0
  const checkLock = async () => {
    most = Math.max(most, ++writing)
    await new Promise((resolve) => setTimeout(resolve, 5))
    writing--
  }
  const saver = new Saver(trainer, { ...saverOptions(path('one')), checkLock }, new StateCopy(), 0)
  for (let i = 0; i < 3; i++) {
    await step()
    await saver.begin()
    assert.equal(existsSync(path('one/checkpoints', `step-0000000${i + 1}`)), false, 'it is not committed yet')
    if (i > 0) assert.ok(existsSync(path('one/checkpoints', `step-0000000${i}`)), 'the one before is')
  }
  await saver.settle()
  assert.deepEqual(
    saver.takeCommitted().map((event) => event.step),
    [1, 2, 3],
  )
  assert.deepEqual(saver.takeCommitted(), [])
  assert.equal(most, 1)
  const cost = saver.takeCost()
  assert.ok(cost.checkpoint_stall_seconds! >= 0 && cost.checkpoint_write_seconds! >= 0)
  assert.deepEqual(saver.takeCost(), {})
  trainer.dispose()
})

test('a write that fails in the background ends the run with its error, and the last checkpoint stays', async () => {
  const { run, path } = await world()
  const config = { train_steps: 400, steps_per_checkpoint: 4 }
  await assert.rejects(run('failing', { config, validation: undefined, onEvent: block }), {
    name: 'FileError',
    message: /cannot overwrite the folder .*step-00000008: it has "notes.txt", which this command did not write/,
  })
  function block({ kind }: { kind: string }) {
    const folder = path('failing/checkpoints/step-00000008')
    if (kind !== 'start' || existsSync(folder)) return
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'notes.txt'), 'mine')
  }
  const steps = (await readMetrics(path('failing/metrics.jsonl'))).map(({ step }) => step)
  assert.ok(steps.at(-1)! < 400, String(steps.at(-1)))
  assert.ok(existsSync(path('failing/checkpoints/step-00000004/manifest.json')))
  assert.deepEqual(
    readdirSync(path('failing/checkpoints')).filter((name) => name.startsWith('.')),
    [],
  )
})

test('the metrics show what a checkpoint cost the step after it', async () => {
  const { run, path } = await world()
  const events = await run('costs', { config: { train_steps: 9, steps_per_checkpoint: 4 }, validation: undefined })
  assert.deepEqual(
    only(events, 'checkpoint').map(({ step }) => step),
    [4, 8, 9],
  )
  const lines = await readMetrics(path('costs/metrics.jsonl'))
  const stalls = lines.filter((line) => line.checkpoint_stall_seconds !== undefined).map(({ step }) => step)
  assert.deepEqual(stalls, [5, 9])
  const written = lines.filter((line) => line.checkpoint_write_seconds !== undefined).map(({ step }) => step)
  assert.ok(written.length >= 1 && written[0] > 4, String(written))
})
