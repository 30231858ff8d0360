import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHIPS } from '../../src/plan/index.js'
import { ringBandwidth } from '../../src/plan/links.js'
import { topologyOf } from '../../src/plan/topology.js'

const mesh = (text: string) => text.split(',').map((pair) => ({ name: pair[0], size: Number(pair.slice(2)) }))
/** In links of the chip, shared by its devices. */
const links = (slice: string, text: string, ...axes: string[]) => {
  const topology = topologyOf(slice)
  const { linkBandwidth, devices } = topology.chip
  return (ringBandwidth(topology, mesh(text), axes) * devices) / linkBandwidth
}

test('an axis uses the links of the dims of the torus that it runs along', () => {
  // 4x4x8, closed to rings in all three dims: two links each.
  assert.equal(links('v4-256', 'x:128', 'x'), 6)
  assert.equal(links('v4-256', 'x:32,y:4', 'y'), 2)
  assert.equal(links('v4-256', 'x:32,y:4', 'x'), 4)
  assert.equal(links('v4-256', 'x:32,y:4', 'x', 'y'), 6)
  // Half of a dim closes no ring.
  assert.equal(links('v4-256', 'x:64,y:2', 'y'), 1)
  // 2x2x1 has no rings.
  assert.equal(links('v4-8', 'x:4', 'x'), 2)
  assert.equal(links('v5litepod-256', 'x:16,y:16', 'y'), 2)
  assert.equal(links('v5litepod-16', 'x:4,y:4', 'y'), 1)
})

test('the cores of a chip meet in its memory', () => {
  const slice = topologyOf('v3-8')
  assert.equal(ringBandwidth(slice, mesh('x:4,y:2'), ['y']), CHIPS.v3.memoryBandwidth / 2)
  assert.equal(links('v3-8', 'x:4,y:2', 'x'), 2)
})

test('groups that are no axes are taken to use one link', () => {
  assert.equal(links('v4-256', 'x:128', 'groups of 4'), 1)
})
