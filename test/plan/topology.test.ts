import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPlugin } from '../../src/engine/xla/discovery.js'
import { createTopology, loadPlugin } from '../../src/engine/xla/pjrt/index.js'
import { CHIPS, topologiesOf, topologyOf } from '../../src/plan/index.js'
import { withoutLibtpu } from './libtpu.js'

/** Google's names, with chips, devices and hosts as its pages on each generation list them. */
const known: Record<string, [shape: string, chips: number, devices: number, hosts: number]> = {
  'v2-8': ['2x2', 4, 8, 1],
  'v2-512': ['16x16', 256, 512, 64],
  'v3-8': ['2x2', 4, 8, 1],
  'v3-32': ['4x4', 16, 32, 4],
  'v3-256': ['8x16', 128, 256, 32],
  'v3-2048': ['32x32', 1024, 2048, 256],
  'v4-8': ['2x2x1', 4, 4, 1],
  'v4-256': ['4x4x8', 128, 128, 32],
  'v4-4096': ['8x16x16', 2048, 2048, 512],
  'v5litepod-1': ['1x1', 1, 1, 1],
  'v5litepod-8': ['2x4', 8, 8, 1],
  'v5litepod-16': ['4x4', 16, 16, 4],
  'v5e-256': ['16x16', 256, 256, 64],
  'v5p-8': ['2x2x1', 4, 4, 1],
  'v5p-2048': ['8x8x16', 1024, 1024, 256],
  'v5p-12288': ['16x16x24', 6144, 6144, 1536],
  'v6e-8': ['2x4', 8, 8, 1],
  'v6e-256': ['16x16', 256, 256, 64],
  'tpu7x-8': ['2x2x1', 4, 8, 1],
  'tpu7x-128': ['4x4x4', 64, 128, 16],
}

test('slices have the shapes that Google documents', () => {
  for (const [name, [shape, chips, devices, hosts]] of Object.entries(known)) {
    const found = topologyOf(name)
    assert.deepEqual(
      [found.shape.join('x'), found.chips, found.devices, found.hosts],
      [shape, chips, devices, hosts],
      name,
    )
    assert.equal(found.name, name)
  }
})

test('names that there are not say which there are', () => {
  const refused = (name: string, message: RegExp) =>
    assert.throws(() => topologyOf(name), { name: 'TopologyError', message })
  refused('v3-7', /^topology must be one of v3-8, v3-32, .*, v3-2048 \(got "v3-7"\)$/)
  refused('v9-8', /^topology must be one of v2-N, .*, tpu7x-N \(got "v9-8"\)\. Write it like v3-8$/)
  refused('tpu', /topology must be one of .* \(got "tpu"\)/)
})

test(
  'libtpu knows every slice up to 512 chips, with as many devices and the memory of the table',
  { skip: withoutLibtpu },
  () => {
    const plugin = loadPlugin(findPlugin('tpu').path)
    for (const generation of Object.keys(CHIPS) as (keyof typeof CHIPS)[]) {
      for (const { name, chips, devices, libtpu } of topologiesOf(generation)) {
        if (chips > 512) continue
        const topology = createTopology(plugin, libtpu.name, libtpu.options)
        assert.equal(topology.devices.length, devices, name)
        const limit = topology.devices[0].attributes.device_memory_bytes_limit as number
        assert.ok(Math.abs(limit / CHIPS[generation].usable - 1) < 0.001, `${name} has ${limit} bytes`)
        topology.dispose()
      }
    }
  },
)
