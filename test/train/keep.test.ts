/** Which checkpoints are kept. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { keepRulesOf, stepsToKeep } from '../../src/train/keep.js'
import { readMetrics } from '../../src/train/index.js'
import { world } from './support.js'

const losses: Readonly<Record<number, number>> = { 10: 3, 20: 2, 30: 2, 40: NaN, 50: 2.5, 60: Infinity }
const steps = [60, 10, 50, 20, 30, 40, 55]

for (const [newest, every, best, kept] of [
  [0, 0, 0, [10, 20, 30, 40, 50, 55, 60]],
  [1, 0, 0, [60]],
  [2, 0, 0, [55, 60]],
  [1, 20, 0, [20, 40, 60]],
  [1, 0, 1, [20, 60]],
  [1, 0, 3, [20, 30, 50, 60]],
  [2, 50, 2, [20, 30, 50, 55, 60]],
  [9, 0, 0, [10, 20, 30, 40, 50, 55, 60]],
] as const)
  test(`the ${newest} newest, every ${every} steps, the ${best} best`, () => {
    assert.deepEqual(
      stepsToKeep(steps, { newest, every, best }, (step) => losses[step]),
      kept,
    )
  })

test('a run keeps what its config says; the best checkpoint is one that was evaluated', async () => {
  const { run, path, config } = await world()
  assert.deepEqual(keepRulesOf(config()), { newest: 2, every: 0, best: 0 })
  assert.equal(keepRulesOf(config({ keep_checkpoint_max: 5 }), 3).newest, 3)
  const changes = {
    train_steps: 14,
    steps_per_checkpoint: 4,
    lr: 0.5, // the loss rises again
    warmup_steps: 0,
    eval_steps: 2,
    keep_checkpoint_max: 1,
    keep_checkpoint_every_n_steps: 8,
    keep_checkpoint_best: 1,
  }
  await run('rules', { config: changes, evaluateEvery: 3 })
  const evaluated = (await readMetrics(path('rules/metrics.jsonl'))).filter(
    (line) => line.validation_loss !== undefined,
  )
  const [best] = evaluated.toSorted((a, b) => a.validation_loss! - b.validation_loss!)
  const kept = readdirSync(path('rules/checkpoints')).map((name) => Number(name.slice(5)))
  assert.deepEqual(
    kept.sort((a, b) => a - b),
    [...new Set([best.step, 8, 14])].sort((a, b) => a - b),
  )
})
