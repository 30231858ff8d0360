/** Every key does something: a change of it is seen in what is computed, or is noted as without effect. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelKeys, type ModelConfig } from '../../src/config/index.js'
import { mixtureKeys } from '../../src/config/keys/mixture.js'
import { parsePlacement } from '../../src/mesh/index.js'
import { logits, modelShape, parametersOf, scopeOf, type Parameters } from '../../src/model/index.js'
import { dim, spec, trace, type Tensor } from '../../src/tensor/index.js'
import { printProgram } from '../../src/tensor/print.js'
import { lowerStep } from '../../src/train/index.js'
import { only, world } from '../train/support.js'
import { configOf, inspect } from './base.js'
import { cases, mixtureCases } from './keys/key-cases.js'

/** What a config makes: the training step as XLA gets it, the logits' program, the parameters and how they begin. */
function made(config: ModelConfig): string {
  const step = lowerStep(config, parsePlacement(config.mesh_shape, config.layout, config.parameter_layout), 'unroll')
  const model = modelShape(config, { batch: 2 })
  const specs = parametersOf(model, 'unroll')
  const values = Object.fromEntries(specs.map(({ name, dims }) => [name, spec(dims)]))
  const ids = spec([dim('batch', 2), dim('sequence', config.n_ctx)], 'i32')
  const evaluated = trace(
    ((p: Parameters, x: Tensor) => logits(scopeOf(model, specs, p, 'unroll'), x, model)) as never,
    [values, ids] as never,
  )
  const beginnings = specs.map(({ name, dims, initializer }) => JSON.stringify([name, dims, initializer]))
  const program = (evaluated as any).program ?? evaluated
  return [step.print().text, printProgram(program, { locations: false }), ...beginnings].join('\n')
}

const mlm = { mlm_training: true, mlm_mask_id: 1 }
const adafactor = { opt_name: 'adafactor', lr_decay: undefined }
const mesh = { mesh_shape: 'x:2', layout: 'batch:x' }
/** Other keys under which a key has its effect, where it has none under the base config. */
const active: Partial<Record<keyof ModelConfig, Record<string, unknown>>> = {
  moe_params: { moe_layers: [1] },
  moe_activation: { moe_layers: [1], moe_params: {} },
  rope_theta: { rotary_emb: true },
  rotary_pct: { rotary_emb: true },
  padding_id: mlm,
  mlm_training: { mlm_mask_id: 1 },
  mlm_mask_id: mlm,
  mlm_cls_token_id: mlm,
  mlm_mask_prob: mlm,
  mlm_same_token_prob: mlm,
  mlm_random_token_prob: mlm,
  mlm_mask_ignore_ids: mlm,
  ada_epsilon1: { ...adafactor, ada_epsilon1: 1e-20 },
  ada_epsilon2: adafactor,
  // Initial parameters and the order of the data are drawn from it too.
  seed: { res_dropout: 0.1 },
  mesh_shape: { layout: 'batch:x' },
  layout: { ...mesh, layout: '' },
  parameter_layout: mesh,
  // The bugs of the original are there where it has some.
  compat: { attention_types: [[['global', 'none'], 1]] },
}
/** Keys that change no program; below and elsewhere is what they do. */
const elsewhere: readonly (keyof ModelConfig)[] = [
  'model', // GPT is all that there is
  'steps_per_checkpoint',
  'keep_checkpoint_max',
  'keep_checkpoint_every_n_steps',
  'keep_checkpoint_best',
  'eval_steps',
  'eval_batch_size',
  'eval_tasks', // test/train/tasks.test.ts
  'datasets', // test/cli/bad-inputs.test.ts
]

for (const [key, { value, with: others, note }] of Object.entries(cases) as [
  keyof ModelConfig,
  (typeof cases)['lr'],
][]) {
  if (elsewhere.includes(key)) continue
  const under = active[key]
  if (note !== undefined && under === undefined) continue // remarked upon under any config: keys.test.ts
  test(`${key} changes what is computed`, () => {
    const context = { ...others, ...under }
    // What goes with a key may be there without it, but for the number of layers.
    const before = key === 'n_layer' ? {} : context
    assert.notEqual(made(configOf({ ...context, [key]: value })), made(configOf(before)))
  })
}

const gating = (params: Record<string, unknown>) => ({ moe_layers: [1], moe_params: params })
const size = { moe_num_experts: 4, moe_hidden_size: 24, moe_group_size: 64 }
const mixtureActive: Partial<Record<string, Record<string, unknown>>> = {
  moe_second_threshold_train: { moe_second_policy_train: 'threshold' },
  moe_second_threshold_eval: { moe_second_policy_eval: 'threshold' },
  // Under rand_1 the policy of training is input_dropout first, so that a change to sample is one.
  moe_rand_1_policy_eval: { moe_rand_1_policy_eval: 'sample' },
  // So few that the least counts.
  moe_min_expert_capacity: { moe_capacity_factor_train: 0.01 },
}
for (const [key, { value, with: others, note }] of Object.entries(mixtureCases)) {
  if (note !== undefined || key === 'moe_use_experts_attention') continue // false is all that is possible
  test(`moe_params.${key} changes what is computed`, () => {
    const under = { ...size, ...others, ...mixtureActive[key] }
    assert.notEqual(made(configOf(gating({ ...under, [key]: value }))), made(configOf(gating(under))))
  })
}

test('every key is shown to do something, here or in the remark that it does nothing', () => {
  const idle = Object.entries(cases).filter(([key, { note }]) => note !== undefined && !(key in active))
  for (const [key, { value, note }] of idle) {
    assert.match(note!, /has no effect/, key)
    assert.ok(inspect({ [key]: value }).notes.includes(note!), key)
  }
  assert.equal(Object.keys(modelKeys).length, Object.keys(cases).length)
  assert.equal(Object.keys(mixtureKeys).length, Object.keys(mixtureCases).length)
})

test('steps_per_checkpoint, eval_steps and eval_batch_size: how often is saved, how much is evaluated', async () => {
  const { run } = await world()
  const counts = async (name: string, changes: Record<string, unknown>) => {
    const events = await run(name, { config: { train_steps: 4, ...changes } })
    return [only(events, 'checkpoint').length, only(events, 'evaluating').at(-1)?.of]
  }
  const [saved, evaluated] = await counts('plain', { steps_per_checkpoint: 10, eval_batch_size: 2 })
  assert.equal(saved, 1)
  assert.ok(evaluated! > 4, `${evaluated} batches`)
  assert.deepEqual(await counts('saved', { steps_per_checkpoint: 2, eval_batch_size: 2 }), [2, evaluated])
  assert.deepEqual(await counts('limited', { steps_per_checkpoint: 10, eval_batch_size: 2, eval_steps: 3 }), [1, 3])
  const [, halved] = await counts('larger', { steps_per_checkpoint: 10, eval_batch_size: 4 })
  assert.equal(halved, Math.ceil(evaluated! / 2))
})
