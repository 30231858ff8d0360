import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CARDS, clusterOf, hardwareOf } from '../../../src/plan/index.js'
import { targetOf } from '../../../src/plan/gpu/target.js'

const known: Record<string, [cards: number, hosts: number, topology: string]> = {
  'l4-1': [1, 1, '1x1x1'],
  'h100-2': [2, 1, '1x1x2'],
  'H100-8': [8, 1, '1x1x8'],
  'h200-8': [8, 1, '1x1x8'],
  'a100-40gb-16': [16, 2, '1x2x8'],
  'a100-80gb-64': [64, 8, '1x8x8'],
  'h100-1024': [1024, 128, '1x128x8'],
  'gb200-72': [72, 18, '1x18x4'],
  'gb200-4': [4, 1, '1x1x4'],
  'rtx6000pro-3': [3, 1, '1x1x3'],
}

test('names of clusters give cards, hosts and the topology of the compiler', () => {
  for (const [name, [cards, hosts, topology]] of Object.entries(known)) {
    const cluster = clusterOf(name)
    assert.deepEqual([cluster.cards, cluster.hosts, targetOf(cluster)!.topology], [cards, hosts, topology], name)
    assert.equal(hardwareOf(name).devices, cards)
  }
})

test('wrong names are refused in one line that says what to write', () => {
  const wrong: [name: string, ...words: string[]][] = [
    ['', 'h100-N', 'Write it like'],
    ['h100', 'h100-N', 'h100-8'],
    ['h100-', 'h100-8'],
    ['h100-0', 'Use h100-8'],
    ['h100-9', 'hosts of 8', 'Use h100-16'],
    ['h100-1000001', 'Use h100-65536'],
    ['h100-1.5', 'h100-8'],
    ['h100--8', 'h100-8'],
    ['h100x8', 'h100-8'],
    ['8xh100', 'a100-40gb-N', 'v3-8'],
    ['h100:8', 'h100-8'],
    ['h100-8-8', 'h100-8'],
    ['h100-eight', 'h100-8'],
    ['h100_8', 'h100-8'],
    ['h100-pcie-8', 'h100-8'],
    ['h1000-8', 'v3-8'],
    ['a100-8', 'a100-40gb-N, a100-80gb-N', 'a100-40gb-8'],
    ['a100-20gb-8', 'a100-40gb-8'],
    ['a100-40-8', 'a100-40gb-8'],
    ['gb200-6', 'hosts of 4', 'Use gb200-8'],
    ['rtx-8', 'rtx4090-N', 'rtx6000pro-N'],
    ['l4', 'l4-8'],
    ['l40-8', 'l4-N', 'v3-8'],
    ['mi250-8', 'mi300x-N', 'v3-8'],
    ['cuda', 'h100-N'],
    ['v3-7', 'v3-8'],
    ['v9-8', 'v2-N'],
  ]
  for (const [name, ...words] of wrong)
    assert.throws(
      () => hardwareOf(name),
      (error: Error) => {
        assert.equal(error.name, 'TopologyError', name)
        assert.doesNotMatch(error.message, /\n/)
        for (const word of [`(got "${name}")`, ...words]) assert.ok(error.message.includes(word), error.message)
        return true
      },
      name,
    )
})

test('targets state what a card has; cards that XLA cannot compile for have none', () => {
  const { config } = targetOf(clusterOf('h100-8'))!
  for (const line of [
    'core_count: 132',
    'shared_memory_per_core: 233472',
    'shared_memory_per_block_optin: 232448',
    'major: 9 minor: 0',
  ])
    assert.ok(config.includes(line), line)
  assert.ok(targetOf(clusterOf('l4-1'))!.config.includes('shared_memory_per_core: 102400'))
  assert.ok(targetOf(clusterOf('a100-40gb-8'))!.config.includes('shared_memory_per_core: 167936'))
  assert.equal(targetOf(clusterOf('mi300x-8')), null)
  assert.equal(new Set(CARDS.map(({ name }) => name)).size, CARDS.length)
})
