/**
 * Training steps compiled for GPUs that are not here, so that the CUDA side of the engine keeps compiling; skipped where the
 * compiler is not installed (`make plan-setup GPU=1`).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attentionKindNames } from '../../../src/config/index.js'
import { findPlugin } from '../../../src/engine/xla/discovery.js'
import { lowerDecode } from '../../../src/generate/index.js'
import { parsePlacement } from '../../../src/mesh/index.js'
import { hardwareOf, plan } from '../../../src/plan/index.js'
import { compileWithXla } from '../../../src/plan/xla-plan.js'
import { configOf } from '../../config/base.js'

const skip = !hasPlugin() && "XLA's CUDA plugin is not installed"

function hasPlugin(): boolean {
  try {
    return Boolean(findPlugin('cuda'))
  } catch {
    return false
  }
}

const base = {
  n_vocab: 8192,
  n_ctx: 1024,
  n_embd: 512,
  n_head: 8,
  n_layer: 4,
  attention_types: [[['global'], 4]],
  precision: 'bfloat16',
  train_batch_size: 16,
}

/** A model of each kind. */
const kinds: Record<string, Record<string, unknown>> = {
  global: {},
  local: { attention_types: [[['global', 'local'], 2]] },
  linear: { attention_types: [[['global', 'linear'], 2]] },
  'f32, rotary': { rotary_emb: true, precision: 'float32' },
  experts: { moe_layers: [1, 3], moe_params: { moe_num_experts: 4 } },
  'masked tokens': { mlm_training: true, mlm_mask_id: 8191 },
}

for (const [kind, changes] of Object.entries(kinds))
  test(`a training step of ${kind} compiles for one H100`, { skip }, async () => {
    const { xla, fits } = await plan(configOf({ ...base, ...changes }), { hardware: hardwareOf('h100-1') })
    assert.equal(fits, true)
    assert.match(xla!.compiler!, /^jax-cuda/)
    assert.ok(xla!.flops! > 0)
  })

/** Small: what has to compile is each kind's program, not its size. */
const small = {
  n_vocab: 1024,
  n_ctx: 256,
  n_embd: 128,
  n_head: 4,
  n_layer: 2,
  precision: 'bfloat16',
  train_batch_size: 8,
}
const ofKind = (kind: string, changes: Record<string, unknown> = {}) =>
  configOf({ ...small, attention_types: [[[kind], 2]], ...changes })

for (const kind of attentionKindNames) {
  test(`${kind}: a training step compiles for eight H100`, { skip }, async () => {
    const config = ofKind(kind, { mesh_shape: 'x:8', layout: 'batch:x', parameter_layout: 'embd:x' })
    const { xla } = await plan(config, { hardware: hardwareOf('h100-8') })
    assert.ok(xla!.memory!.temporaries > 0)
    for (const { axes } of xla!.collectives!) assert.equal(axes, 'x')
  })
  test(`${kind}: decoding compiles for one H100, with caches updated in place`, { skip }, async () => {
    const lowered = lowerDecode(ofKind(kind), { batch: 4, dtype: 'bf16' })
    const { memory } = await compileWithXla(lowered, parsePlacement('', ''), hardwareOf('h100-1'), {})
    // What is not donated, the tokens, is all that a step allocates for its results.
    assert.ok(memory!.outputs < 4096, `${memory!.outputs} bytes of results`)
  })
}

test('eight H100: memory, flops and collectives near the estimate', { skip }, async () => {
  const layout = { mesh_shape: 'x:8', layout: 'batch:x', parameter_layout: 'embd:x' }
  const { estimate, xla, step, hardware } = await plan(configOf({ ...base, ...layout }), {
    hardware: hardwareOf('h100-8'),
  })
  const near = (a: number, b: number, part: number) =>
    assert.ok(Math.abs(a / b - 1) < part, `${a} by the estimate, ${b}`)
  const { parameters, optimizer, inputs, total } = estimate.memory
  near(parameters + optimizer + inputs, xla!.memory!.arguments, 0.02)
  near(total, xla!.memory!.total, 0.25)
  near(estimate.flops.device, xla!.flops!, 0.05)
  for (const { axes } of xla!.collectives!) assert.equal(axes, 'x')
  assert.equal(step!.source, 'estimate')
  assert.deepEqual([hardware.chips, hardware.hosts], [8, 1])
})
