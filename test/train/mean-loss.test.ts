import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { GptNeo, type Parameters } from '../../src/model/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'
import { meanLoss, Trainer } from '../../src/train/index.js'
import { engine } from '../tensor/check.js'
import { world } from './support.js'

test('the mean loss is the mean cross entropy of the samples, and padding rows do not count', async () => {
  const { config: configOf, validation } = await world()
  const on = await engine()
  const config = configOf({ eval_batch_size: 4 })
  const trainer = new Trainer(on, config)
  await trainer.initialise()
  const evaluate = meanLoss(on, trainer.model)

  const count = 6 // a full batch, and a half
  const sixSamples = { size: count, read: async (number: number) => validation.read(number) }
  const progress: string[] = []
  const found = await evaluate(trainer.parameters, sixSamples, {
    onBatch: (done, of) => progress.push(`${done}/${of}`),
  })
  assert.deepEqual(progress, ['1/2', '2/2'])
  assert.equal(found.tokens, count * 16)

  const forward = jit(on, (parameters: Parameters, ids: Tensor) => trainer.model.logits(parameters, ids))
  const rows = await Promise.all(Array.from({ length: count }, (_, row) => validation.read(row)))
  const inputs = Int32Array.from(rows.flatMap((row) => [...row.subarray(0, 16)]))
  const ids = DeviceArray.from(on, inputs, [dim('batch', count), dim('sequence', 16)], 'i32')
  const output = (await forward(trainer.parameters as never, ids as never)) as unknown as DeviceArray
  const scores = await output.readFloats()
  let sum = 0
  rows.forEach((row, i) => {
    for (let t = 0; t < 16; t++) {
      const at = scores.subarray((i * 16 + t) * config.n_vocab, (i * 16 + t + 1) * config.n_vocab)
      const most = Math.max(...at)
      sum += most + Math.log(at.reduce((total, x) => total + Math.exp(x - most), 0)) - at[row[t + 1]]
    }
  })
  const wanted = sum / (count * 16)
  assert.ok(Math.abs(found.loss - wanted) < 1e-5 * wanted, `${found.loss} ${wanted}`)

  const limited = await evaluate(trainer.parameters, validation, { limit: 1 })
  assert.equal(limited.tokens, 4 * 16)
  const aborted = evaluate(trainer.parameters, validation, { signal: AbortSignal.abort() })
  await assert.rejects(aborted, { name: 'AbortError' })
  trainer.dispose()
})

/** Validation losses of the same initial parameters over `count` samples, in batches of each size. */
async function lossesOf(changes: Record<string, unknown>, sizes: readonly number[], count: number) {
  const { config: configOf, validation } = await world()
  const on = await engine()
  const trainer = new Trainer(on, configOf(changes))
  await trainer.initialise()
  const samples = { size: count, read: async (number: number) => validation.read(number) }
  const found: { loss: number; tokens: number }[] = []
  for (const size of sizes) {
    const evaluate = meanLoss(on, new GptNeo(configOf({ ...changes, eval_batch_size: size })))
    found.push(await evaluate(trainer.parameters, samples))
    evaluate.dispose()
  }
  trainer.dispose()
  return found
}

test('masked tokens: the mean over those that count, the same in batches of any size', async () => {
  for (const more of [{}, { compat: 'gpt-neo', mlm_random_token_prob: 0.3 }]) {
    const mlm = { mlm_training: true, mlm_mask_id: 290, mlm_mask_prob: 0.3, attention_types: [[['local'], 2]], ...more }
    const [one, ...others] = await lossesOf(mlm, [1, 4, 16], 5)
    // At the start tokens are about equally likely.
    if (!('compat' in more)) assert.ok(Math.abs(one.loss - Math.log(300)) < 0.3, `${one.loss}`)
    for (const { loss, tokens } of others) {
      assert.equal(tokens, one.tokens)
      assert.ok(Math.abs(loss - one.loss) < 1e-5 * one.loss, `${loss} ${one.loss}`)
    }
  }
})

test('experts: padding rows take no capacity from others', async () => {
  const experts = {
    moe_layers: [0],
    moe_params: {
      moe_num_experts: 4,
      moe_hidden_size: 8,
      moe_group_size: 16 * 8,
      moe_min_expert_capacity: 1,
      moe_capacity_factor_eval: 0.5,
      moe_second_policy_eval: 'all',
    },
  }
  // Three sequences in a group either way.
  const [exact, padded] = await lossesOf(experts, [3, 8], 3)
  assert.ok(Math.abs(padded.loss - exact.loss) < 1e-5 * exact.loss, `${padded.loss} ${exact.loss}`)
})
