/** Odd configs that the original was tried with, and what is made of them here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspectModelConfig, type ModelConfig } from '../../../src/config/index.js'
import { readJson } from '../../../src/files/index.js'

const file = fileURLToPath(new URL('../../../../test/fixtures/config/refused.json', import.meta.url))

interface Probe {
  readonly probe: string
  readonly config_change: Record<string, unknown>
  /** What the original ended with, if it did not run. */
  readonly error?: string
}

/** How the problem or note begins, if there is one to expect. `original`: under compat "gpt-neo". */
const found: Record<
  string,
  { problem?: string; note?: string; original?: { note?: string; config?: Partial<ModelConfig> } }
> = {
  baseline: {},
  mlp_glu: { original: { note: 'mlp_glu works here; the original cannot run it' } },
  num_mem_kv: { original: { note: 'num_mem_kv with global attention works here' } },
  num_mem_kv_local_only: { note: 'num_mem_kv has no effect' },
  mlm_global: { original: { note: 'mlm_training with global attention works here' } },
  rotary_emb_false: { original: { note: 'rotary_emb: false is read as true', config: { rotary_emb: true } } },
  axial_pos_emb_false: {},
  axial_product_too_small: { note: 'axial_pos_emb: 4 x 4 is 16' },
  axial_product_too_large: { note: 'axial_pos_emb: 8 x 8 is 64' },
  axial_and_rotary: { note: 'axial_pos_emb has no effect: rotary_emb replaces it' },
  gradient_clipping_null: { note: 'gradient_clipping: null means the default, 1' },
  share_parameters_false: {},
  adafactor_without_epsilons: { note: 'weight_decay: with adafactor 0.9 is not a weight decay' },
  adafactor_epsilon_string: { note: 'weight_decay: with adafactor 0.9' },
  adafactor_weight_decay_null: { note: 'beta2 has no effect' },
  adafactor_beta1_null: { note: 'beta2 has no effect' },
  moe_without_dropout_rate: {},
  moe_without_params: { note: 'moe_params is missing' },
  moe_params_empty: {},
  moe_layers_empty_list: {},
  moe_rand_1_without_its_keys: {},
  moe_experts_attention: { problem: 'moe_params.moe_use_experts_attention: must be false (got true)' },
  moe_unknown_gating: { problem: 'moe_params.moe_gating: must be one of' },
  moe_bfloat16: { original: { note: 'moe_layers with precision bfloat16 works here' } },
  rotary_odd_head_width: { problem: 'rotary_emb: n_embd / n_head must be even' },
  n_head_not_a_divisor: { problem: 'n_head: must divide n_embd, 32 (got 5)' },
  attention_types_too_short: { problem: 'attention_types: must list n_layer layers, 2 (got 1)' },
  attention_types_flat_list: {
    problem: 'attention_types: must be a list of [kinds, repeat] (got kinds without repeat, ["global"])',
  },
  unknown_attention_type: { problem: 'attention_types: group 1: kind must be one of' },
  activation_fn_unknown: { problem: 'activation_fn: must be the name of an activation (got "swish")' },
  activation_fn_null: {},
  activation_fn_sign: { note: 'activation_fn: "sign" has no gradient' },
  lr_decay_end_null: {},
  warmup_negative: {
    problem: 'warmup_steps: must be an integer >= 0 (got -1)',
    original: { note: 'warmup_steps: -1 is read as 0', config: { warmup_steps: 0 } },
  },
  precision_unknown: {
    problem: 'precision: must be one of',
    original: { note: 'precision: "float16" is read as "float32"', config: { precision: 'float32' } },
  },
  z_loss_null: { note: 'z_loss: null means the default, 0.0001' },
  entmax_loss_false: {},
  recompute_grad_with_dropout: {},
  attn_dropout: {},
  n_ctx_tokens_out_of_vocab: {},
  model_unknown: { problem: 'model: must be one of GPT (got "GPT3")' },
  tokens_per_mb_below_n_ctx: { note: 'tokens_per_mb_per_replica: 1 is less than a sequence' },
}

/** Keys whose absence is a problem, and those that only training needs. */
const required = ['n_embd', 'n_head', 'n_layer']
const toTrain = ['lr', 'train_batch_size', 'train_steps']

test('odd configs are rejected, noted or made to work, and are read as the original does when asked', async () => {
  const { base_config, probes } = (await readJson(file)) as { base_config: Record<string, unknown>; probes: Probe[] }
  assert.deepEqual([...new Set(probes.map(({ probe }) => probe))], Object.keys(found))
  for (const { probe, config_change, error } of probes) {
    const wanted = found[probe]
    const keys = { ...base_config, ...config_change }
    const fixed = inspectModelConfig(keys)
    const starts = (lines: readonly string[], start: string | undefined) =>
      assert.ok(
        start === undefined || lines.some((line) => line.startsWith(start)),
        `${probe}: ${start}\n${lines.join('\n')}`,
      )
    assert.equal(fixed.problems.length, wanted.problem === undefined ? 0 : 1, `${probe}: ${fixed.problems.join()}`)
    starts(fixed.problems, wanted.problem)
    starts(fixed.notes, wanted.note)

    const original = inspectModelConfig({ ...keys, compat: 'gpt-neo' })
    starts(original.notes, wanted.original?.note)
    for (const [key, value] of Object.entries(wanted.original?.config ?? {}))
      assert.deepEqual((original.config as any)[key], value, `${probe}: ${key}`)
    // What the original runs, this reads when it is asked to do as the original does.
    if (error === undefined) assert.deepEqual(original.problems, [], probe)
  }
})

test('each key may be missing, but for those that say the size; to train, lr, steps and batch are needed', async () => {
  const { base_config, missing_keys } = (await readJson(file)) as {
    base_config: Record<string, unknown>
    missing_keys: { missing: string }[]
  }
  for (const { missing } of missing_keys) {
    const keys = Object.fromEntries(Object.entries(base_config).filter(([key]) => key !== missing))
    assert.equal(inspectModelConfig(keys).problems.length, required.includes(missing) ? 1 : 0, missing)
    const wanted = required.includes(missing) || toTrain.includes(missing) ? [missing] : []
    assert.deepEqual(
      inspectModelConfig(keys, { purpose: 'train' }).problems.map((line) => line.split(':')[0]),
      wanted,
    )
  }
})

test("the original's readings of names and layers are there when asked for", () => {
  const keys = {
    n_vocab: 96,
    n_ctx: 32,
    n_embd: 32,
    n_head: 4,
    n_layer: 2,
    compat: 'gpt-neo',
    opt_name: 'AdamW',
    lr_decay: 'constant',
    activation_function: 'relu',
    moe_layers: [1, 2],
    moe_params: {},
    weight_decay: 0.9,
  }
  const { config, problems, notes } = inspectModelConfig(keys)
  assert.deepEqual(problems, [])
  assert.equal(config!.opt_name, 'adafactor')
  assert.equal(config!.lr_decay, 'none')
  assert.equal(config!.activation_fn, 'gelu')
  assert.deepEqual(config!.moe_layers, [1])
  for (const note of [
    'activation_function has no effect, GPT-Neo reads activation_fn. Rename it',
    'opt_name: "AdamW" is read as "adafactor", as the original does: every name but adam selects it',
    'lr_decay: "constant" is read as "none", as the original does: every name but cosine and linear keeps lr constant',
    'moe_layers: [1,2] is read as [1], as the original does: nonexistent layers are ignored',
  ])
    assert.ok(notes.includes(note), note)
})
