/** The table of dims that a layout may name states what traced training steps have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layoutDims } from '../../../src/config/diagnose/layout.js'
import { parsePlacement } from '../../../src/mesh/index.js'
import { bodiesOf, type Program } from '../../../src/tensor/program.js'
import type { Tensor } from '../../../src/tensor/index.js'
import { lowerStep } from '../../../src/train/index.js'
import { parseModelConfig } from '../../../src/config/index.js'
import { base } from '../../mesh/support.js'

/** Configs that between them have every part of a model. */
const configs = [
  {},
  { attention_types: [[['local', 'linear'], 1]], local_attention_radius: 8, share_parameters: true },
  { attention_types: [[['local'], 2]], local_attention_radius: 8, compat: 'gpt-neo' },
  { axial_pos_emb: [4, 8] },
  { rotary_emb: true },
  { n_inner: 56 },
  { n_kv_head: 2 },
  { attention_types: [[['differential', 'latent'], 1]], n_kv_head: 2, q_lora_rank: 5 },
  { num_mem_kv: 4 },
  { moe_layers: [1], moe_params: { moe_num_experts: 4, moe_hidden_size: 40 } },
  { tokens_per_mb_per_replica: 32 },
  { n_vocab: 95, no_weight_tie: true },
]

function tensorsOf({ inputs, operations }: Program): Tensor[] {
  return [...inputs, ...operations.flatMap((node) => [...node.outputs, ...bodiesOf(node).flatMap(tensorsOf)])]
}

/** Dims of the original that no tensor here has. */
const originals = ['half_features_per_head', 'outer_batch']

test('each dim of the table is in a traced step, with the size that its key gives', () => {
  const sizes = new Map<string, Set<number>>()
  for (const changes of configs) {
    const { config } = parseModelConfig({ ...base, ...changes })
    const { program } = lowerStep(config, parsePlacement('', '', undefined))
    const own = new Map<string, Set<number>>()
    for (const { dims } of tensorsOf(program))
      for (const { name, size } of dims) {
        for (const all of [sizes, own]) all.set(name, (all.get(name) ?? new Set()).add(size))
      }
    for (const [name, sizedBy] of Object.entries(layoutDims))
      for (const { key, size } of own.has(name) ? sizedBy(config) : [])
        if (size !== undefined && key !== 'eval_batch_size')
          assert.ok(own.get(name)!.has(size), `${name} of ${key}: ${size}, traced ${[...own.get(name)!]}`)
  }
  assert.deepEqual(
    Object.keys(layoutDims).filter((name) => !sizes.has(name)),
    originals,
  )
})
