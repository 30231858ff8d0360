/** Going on from caches, a position at a time, gives what a forward pass over all positions gives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { continued, modelOf, scopeOf, type Cache, type Parameters } from '../../src/model/index.js'
import { constant, dim, type Tensor } from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'
import { forward, lively, type Lively } from './support.js'

const LENGTH = 20
const PREFIX = 7

/** Logits after each position from PREFIX - 1 on: a first run over PREFIX positions, then steps of one. */
async function stepwise(
  { config, specs, parameters }: Lively,
  rows: readonly (readonly number[])[],
): Promise<number[][][]> {
  const on = await engine()
  const batch = dim('batch', rows.length)
  const scope = (model: ReturnType<typeof modelOf>, p: Parameters) => scopeOf(model, specs, p, 'unroll')
  const start = jit(
    on,
    (p: Parameters, ids: Tensor) => {
      const model = modelOf(config, { batch: rows.length, sequence: PREFIX })
      return continued(scope(model, p), ids, model, LENGTH)
    },
    { name: 'start' },
  ) as any
  const step = jit(
    on,
    (p: Parameters, caches: readonly Cache[], ids: Tensor, position: Tensor<never>) => {
      const model = modelOf(config, { batch: rows.length, sequence: 1 })
      return continued(scope(model, p), ids, model, LENGTH, { caches, position: position.add(constant(0, 'i32')) })
    },
    { name: 'step' },
  ) as any
  const ids = (from: number, count: number) =>
    DeviceArray.from(
      on,
      Int32Array.from(rows.flatMap((row) => row.slice(from, from + count))),
      [batch, dim('sequence', count)],
      'i32',
    )
  const all: number[][][] = rows.map(() => [])
  let state = await start(parameters, ids(0, PREFIX))
  for (let position = PREFIX; ; position++) {
    const values = await (state.logits as DeviceArray).readFloats()
    rows.forEach((_, r) => all[r].push(Array.from(values.slice(r * config.n_vocab, (r + 1) * config.n_vocab))))
    if (position === LENGTH) return all
    state = await step(
      parameters,
      state.caches,
      ids(position, 1),
      DeviceArray.from(on, Int32Array.of(position), [], 'i32'),
    )
  }
}

const kinds = (...names: string[]) => ({ attention_types: [[names, 1]], n_layer: names.length })
const experts = {
  moe_num_experts: 3,
  moe_hidden_size: 16,
  moe_group_size: 40,
  moe_capacity_factor_eval: 9,
  moe_second_policy_eval: 'all',
}
const CASES: Record<string, Record<string, unknown>> = {
  global: kinds('global', 'global'),
  'local, past its radius': { ...kinds('local', 'local'), local_attention_radius: 5 },
  'local, a radius above the length': { ...kinds('local'), local_attention_radius: 50 },
  linear: kinds('linear', 'linear'),
  'all kinds': { ...kinds('global', 'local', 'linear', 'none'), local_attention_radius: 4 },
  'none under compat': { ...kinds('none', 'global'), compat: 'gpt-neo' },
  'rotary, all kinds': { ...kinds('global', 'local', 'linear'), local_attention_radius: 4, rotary_emb: true },
  axial: { axial_pos_emb: [4, 6] },
  'axial, too small': { axial_pos_emb: [3, 4] },
  'memory key-values': { num_mem_kv: 3 },
  'memory key-values with rotary and local layers': {
    ...kinds('global', 'local'),
    local_attention_radius: 5,
    num_mem_kv: 3,
    rotary_emb: true,
  },
  'macaron and scale norm': { macaron: true, scalenorm: true },
  'rezero, gated, untied': { rezero: true, mlp_glu: true, no_weight_tie: true, activation_fn: 'relu' },
  'shared parameters': { ...kinds('global', 'linear'), share_parameters: true },
  'a mixture of experts, top-2': { moe_layers: [1], moe_params: experts },
  'a mixture of experts, rand-1, in a macaron': {
    moe_layers: [0, 1],
    moe_params: { ...experts, moe_gating: 'rand_1' },
    macaron: true,
  },
  'a mixture of experts, switch': {
    moe_layers: [0],
    moe_params: { ...experts, moe_gating: 'switch', moe_switch_top_k: 2 },
  },
}
for (const [name, changes] of Object.entries(CASES))
  test(`${name}: step by step as all at once`, async () => {
    const model = await lively(changes)
    const next = numbers(3)
    const rows = [0, 1].map(() => Array.from({ length: LENGTH }, () => Math.floor(next() * model.config.n_vocab)))
    const [wanted, found] = [await forward(model, rows), await stepwise(model, rows)]
    const scale = Math.max(...wanted.flat(2).map(Math.abs))
    found.forEach((row, r) =>
      row.forEach((values, i) =>
        values.forEach((x, token) => {
          const y = wanted[r][PREFIX - 1 + i][token]
          assert.ok(
            Math.abs(x - y) <= 2e-5 * scale,
            `row ${r}, position ${PREFIX - 1 + i}, token ${token}: ${x}, wanted ${y}`,
          )
        }),
      ),
    )
  })

test('a model of masked tokens cannot continue a text', async () => {
  const model = await lively({ mlm_training: true, mlm_mask_id: 60 })
  await assert.rejects(stepwise(model, [Array(LENGTH).fill(1)]), {
    name: 'RangeError',
    message: /mlm_training.*cannot continue a text/,
  })
})
