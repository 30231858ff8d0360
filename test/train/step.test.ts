/** What a training step does beside the model: microbatches and masks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { microbatchCount } from '../../src/config/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { GptNeo } from '../../src/model/index.js'
import { dim } from '../../src/tensor/index.js'
import { lossAndGradients } from '../../src/train/step.js'
import { configOf } from '../model/support.js'
import { close, engine, numbers } from '../tensor/check.js'

/** Loss and all gradients of a first step. */
async function first(changes: Record<string, unknown>, step = 0) {
  const config = configOf({ n_ctx: 8, train_batch_size: 4, ...changes })
  const on = await engine()
  const model = new GptNeo(config)
  const parameters = await model.initialise(on, 1)
  const next = numbers(2)
  const ids = DeviceArray.from(
    on,
    Int32Array.from({ length: 36 }, () => Math.floor(60 * next())),
    [dim('batch', 4), dim('tokens', 9)],
    'i32',
  )
  const run = jit(on, lossAndGradients(model)) as any
  const found = await run(parameters, ids, DeviceArray.from(on, Int32Array.of(step), [], 'i32'))
  const gradients: number[] = []
  for (const array of Object.values(found.gradients) as DeviceArray[]) gradients.push(...(await array.readFloats()))
  return { loss: await (found.loss as DeviceArray).readScalar(), gradients }
}

test('microbatches: as many as tokens_per_mb_per_replica asks for, or the next that cut the batch evenly', () => {
  const count = (tokens: number | undefined, batch: number) =>
    microbatchCount(configOf({ n_ctx: 8, train_batch_size: batch, tokens_per_mb_per_replica: tokens }))
  assert.deepEqual(
    [count(undefined, 6), count(0, 6), count(8, 6), count(16, 6), count(40, 6), count(1, 6), count(1000, 6)],
    [1, 1, 6, 3, 2, 6, 1],
  )
})

test('the mean over microbatches is that over the batch', async () => {
  const [whole, parts] = [await first({}), await first({ tokens_per_mb_per_replica: 8 })]
  close([parts.loss], [whole.loss], 1e-6, 'loss')
  close(parts.gradients, whole.gradients, 1e-5, 'gradients')
})

test('masked tokens: each counts the same in the batch as in microbatches, also in those that have none', async () => {
  // Masks differ between microbatches, so the mean over all is that of the parts, weighted by their counts.
  const config = configOf({
    ...{ n_ctx: 8, train_batch_size: 64, mlm_training: true, mlm_mask_id: 60, mlm_mask_prob: 0.05 },
    tokens_per_mb_per_replica: 8,
  })
  const on = await engine()
  const model = new GptNeo(config)
  const parameters = await model.initialise(on, 1)
  const next = numbers(2)
  const ids = Int32Array.from({ length: 64 * 9 }, () => 1 + Math.floor(59 * next()))
  const given = DeviceArray.from(on, ids, [dim('batch', 64), dim('tokens', 9)], 'i32')
  const run = jit(on, lossAndGradients(model)) as any
  const { loss } = await run(parameters, given, DeviceArray.from(on, Int32Array.of(0), [], 'i32'))
  // At the start tokens are about equally likely; microbatches without a masked token, two of three, once counted as 0.
  const value = await (loss as DeviceArray).readScalar()
  assert.ok(Math.abs(value - Math.log(61)) < 0.2, `${value}`)
})

test('the balance loss of experts does not depend on the number of microbatches, but under compat', async () => {
  const experts = (coefficient: number, more = {}) => ({
    moe_layers: [0],
    moe_params: {
      moe_num_experts: 4,
      moe_hidden_size: 8,
      moe_group_size: 8,
      moe_loss_coef: coefficient,
      moe_second_policy_train: 'all',
    },
    ...more,
  })
  const balance = async (more: Record<string, unknown>) =>
    (await first(experts(1, more))).loss - (await first(experts(0, more))).loss
  const [whole, parts, original] = [
    await balance({}),
    await balance({ tokens_per_mb_per_replica: 8 }),
    await balance({ tokens_per_mb_per_replica: 8, compat: 'gpt-neo' }),
  ]
  // Groups are sequences either way, so that the balance itself is the same.
  close([parts], [whole], 1e-5, 'four parts')
  close([original], [whole / 4], 1e-5, 'four parts under compat')
})

test('masks and dropouts differ from step to step and between microbatches, and are the same again', async () => {
  for (const changes of [{ mlm_training: true, mlm_mask_id: 60, mlm_mask_prob: 0.5 }, { res_dropout: 0.3 }] as Record<
    string,
    unknown
  >[]) {
    const one = await first(changes)
    assert.deepEqual(await first(changes), one)
    assert.notEqual((await first(changes, 1)).loss, one.loss)
    assert.notEqual((await first({ ...changes, seed: 1 })).loss, one.loss)
    assert.notEqual((await first({ ...changes, tokens_per_mb_per_replica: 8 })).loss, one.loss)
  }
})
