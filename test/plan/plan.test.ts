/** Whole plans, against what XLA's CPU backend compiles for virtual devices. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuDevices, plan, tpuSlice } from '../../src/plan/index.js'
import { configOf } from '../config/base.js'

const layouts = {
  'a batch over all devices, parameters stored in parts': {
    mesh_shape: 'x:4',
    layout: 'batch:x',
    parameter_layout: 'embd:x',
  },
  'a batch over x, heads and the rest over y': {
    mesh_shape: 'x:2,y:2',
    layout: 'batch:x,heads:y,intermediate_expanded:y,vocab:y',
  },
}

for (const [name, keys] of Object.entries(layouts)) {
  test(`${name}: the estimate is what XLA finds`, async () => {
    const found = await plan(configOf(keys), { hardware: cpuDevices(4) })
    const { estimate, xla } = found
    const { parameters, optimizer, inputs } = estimate.memory
    assert.equal(parameters + optimizer + inputs, xla!.memory!.arguments)
    // Loss, norm, learning rate and a table of all outputs; the state lies in the arguments' memory.
    assert.ok(xla!.memory!.outputs < 2000)
    assert.ok(
      Math.abs(xla!.flops! / estimate.flops.device - 1) < 0.02,
      `${xla!.flops} and ${estimate.flops.device} flops`,
    )
    assert.equal(found.fits, null)
    assert.equal(found.step, null)
    // Whatever is sent is along axes of the mesh.
    for (const { axes } of [...xla!.collectives!, ...estimate.communication]) assert.match(axes, /^(x|y|x,y)$/)
    assert.deepEqual(JSON.parse(JSON.stringify(found)), found)
  })
}

test('a plan without XLA takes a moment for 175B, and says whether it fits', async () => {
  const keys = {
    n_vocab: 50257,
    n_ctx: 2048,
    n_embd: 12288,
    n_head: 96,
    n_layer: 96,
    attention_types: [[['global'], 96]],
    precision: 'bfloat16',
    train_batch_size: 512,
    mesh_shape: 'x:64,y:16',
    layout: 'batch:x,heads:y,intermediate_expanded:y,vocab:y',
    parameter_layout: 'embd:x',
  }
  const hardware = tpuSlice('v5p-2048')
  const before = process.cpuUsage()
  const large = await plan(configOf(keys), { hardware, compile: false })
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 2e6, `took ${(user + system) / 1e6} s of processor time`)
  assert.equal(large.fits, false)
  assert.deepEqual(
    large.advice.map(({ keys, fits }) => [keys, fits]),
    [
      [{ remat_policy: 'nothing' }, true],
      [{ tokens_per_mb_per_replica: 2048 }, true],
    ],
  )
  const lean = await plan(configOf({ ...keys, remat_policy: 'nothing' }), { hardware, compile: false })
  assert.equal(lean.fits, true)
  assert.equal(lean.estimate.memory.total, large.advice[0].total)
  assert.ok(lean.step!.utilization > 0.2 && lean.step!.utilization < 1)
})

test('a mesh of another size than the hardware is refused', async () => {
  const work = plan(configOf({ mesh_shape: 'x:4', layout: 'batch:x' }), { hardware: tpuSlice('v3-8'), compile: false })
  await assert.rejects(work, {
    name: 'LayoutError',
    message:
      'mesh_shape must be for the 8 devices of v3-8 (got x:4, 4 devices). Set another with --mesh, or find one with --search',
  })
})
