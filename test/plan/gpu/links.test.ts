import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterOf } from '../../../src/plan/index.js'
import { clusterRing } from '../../../src/plan/gpu/links.js'

const mesh = (text: string) => text.split(',').map((pair) => ({ name: pair[0], size: Number(pair.slice(2)) }))
const ring = (name: string, text: string, ...axes: string[]) => clusterRing(clusterOf(name), mesh(text), axes) / 1e9

test('within a host rings run over NVLink, or PCIe', () => {
  assert.equal(ring('h100-8', 'x:8', 'x'), 450)
  assert.equal(ring('h100-8', 'x:4,y:2', 'x'), 450)
  assert.equal(ring('a100-40gb-8', 'x:8', 'x'), 300)
  assert.equal(ring('l4-8', 'x:8', 'x'), 32)
  assert.equal(ring('h100-64', 'x:8,y:8', 'y'), 450)
  // All 72 cards of a rack are linked.
  assert.equal(ring('gb200-72', 'x:72', 'x'), 900)
})

test('over hosts rings run through the adapters of their members in each', () => {
  // One member a host.
  assert.equal(ring('h100-64', 'x:8,y:8', 'x'), 50)
  // Two and eight: as many adapters.
  assert.equal(ring('h100-64', 'x:32,y:2', 'x'), 200)
  assert.equal(ring('h100-64', 'x:4,y:16', 'y'), 400)
  assert.equal(ring('h100-64', 'x:64', 'x'), 400)
  assert.equal(ring('h100-64', 'x:8,y:8', 'x', 'y'), 400)
  // Groups that are no axes.
  assert.equal(ring('h100-64', 'x:64', 'groups of 2'), 50)
})
