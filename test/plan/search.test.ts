import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchLayouts, tpuSlice } from '../../src/plan/index.js'
import { choicesOf } from '../../src/plan/choices.js'
import { configOf } from '../config/base.js'

const config = configOf({ train_batch_size: 16, mesh_shape: 'x:4,y:2', layout: 'batch:x,memory_length:y,embd:y' })

test('choices: all ways to split devices between the batch and the model that divide them', () => {
  const meshes = new Set(choicesOf(config, 8).map(({ mesh_shape }) => mesh_shape))
  // 4 heads are not split over 8.
  assert.deepEqual([...meshes].sort(), ['x:2,y:4', 'x:4,y:2', 'x:8'])
  const mixture = configOf({ train_batch_size: 16, moe_layers: [1] })
  assert.ok(choicesOf(mixture, 8).some(({ layout }) => layout.includes('experts:x')))
})

test('the best is the fastest of what fits, and is compared with the layout of the config', async () => {
  const seen: number[] = []
  const { own, ranked, compiled } = await searchLayouts(config, {
    hardware: tpuSlice('v3-8'),
    compile: 0,
    onProgress: (done) => seen.push(done),
  })
  assert.deepEqual(compiled, [])
  assert.ok(ranked.length >= 8)
  const steps = ranked.map(({ plan }) => plan.step!.seconds)
  assert.deepEqual(
    steps,
    [...steps].sort((a, b) => a - b),
  )
  for (const { plan } of ranked) assert.equal(plan.fits, true)
  assert.ok(typeof own === 'object' && own.plan.step!.seconds > steps[0])
  assert.ok(seen.length > 8)
})

test('a layout of the config that is for other hardware is said to be so', async () => {
  const { own } = await searchLayouts(config, { hardware: tpuSlice('v5litepod-4'), compile: 0 })
  assert.match(own as string, /^mesh_shape must be for the \d+ devices of \S+ \(got x:4,y:2, 8 devices\)/)
})
