/** Plans by libtpu, on slices that are not here; skipped where it is not installed (`make plan-setup`). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plan, tpuSlice } from '../../src/plan/index.js'
import { configOf } from '../config/base.js'
import { withoutLibtpu } from './libtpu.js'

const config = (changes: Record<string, unknown>) =>
  configOf({
    n_vocab: 8192,
    n_ctx: 1024,
    n_embd: 512,
    n_head: 8,
    n_layer: 8,
    attention_types: [[['global'], 8]],
    precision: 'bfloat16',
    train_batch_size: 16,
    mesh_shape: 'x:2,y:2',
    layout: 'batch:x,heads:y,intermediate_expanded:y,vocab:y',
    parameter_layout: 'embd:x',
    ...changes,
  })

test('memory, flops, collectives and time of a step, near the estimate', { skip: withoutLibtpu }, async () => {
  const { estimate, xla, fits, step } = await plan(config({}), { hardware: tpuSlice('v5litepod-4'), keep: true })
  assert.equal(fits, true)
  const { parameters, optimizer, inputs, total } = estimate.memory
  const near = (a: number, b: number, part: number) =>
    assert.ok(Math.abs(a / b - 1) < part, `${a} by the estimate, ${b}`)
  near(parameters + optimizer + inputs, xla!.memory!.arguments, 0.02)
  near(total, xla!.memory!.total, 0.25)
  near(estimate.flops.device, xla!.flops!, 0.05)
  for (const { axes } of xla!.collectives!) assert.match(axes, /^(x|y|x,y)$/)
  assert.deepEqual(xla!.unknownLoops, [])
  assert.equal(step!.source, 'xla')
  assert.ok(step!.utilization > 0.05 && step!.utilization < 1)
  assert.match(xla!.compiler!, /^libtpu /)
  assert.equal(xla!.executable!.name, 'train_step')
  assert.ok(xla!.hostMemory! < 8e9)
})

test(
  'what does not fit: the largest pieces by the names of dims, and what would make it fit',
  { skip: withoutLibtpu },
  async () => {
    const large = config({ train_batch_size: 512, remat_policy: 'all' })
    const { xla, fits, advice } = await plan(large, { hardware: tpuSlice('v5litepod-4') })
    assert.equal(fits, false)
    assert.equal(xla!.memory, null)
    const { total, buffers } = xla!.outOfMemory!
    assert.ok(total > xla!.available!)
    assert.match(buffers[0].what.join(), /layers 8, batch 256 of 512/)
    assert.ok(buffers[0].bytes >= buffers[1].bytes)
    assert.ok(advice.some(({ keys, fits }) => fits && 'tokens_per_mb_per_replica' in keys))
  },
)
