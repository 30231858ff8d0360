import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goalLines, goalsOf, isMet, type Figure } from '../../bench/goals.js'

const figures = new Map<string, Map<string, Figure>>([
  [
    'train teach',
    new Map([
      ['neomesh', { ms: 800, peakMb: 1000 }],
      ['neomesh bf16', { ms: 500, peakMb: 900 }],
      ['jax', { ms: 100, peakMb: 1 }],
      ['hf', { ms: 1200, peakMb: 2000 }],
      ['torch-compile +malloc', { ms: 960, peakMb: 950 }],
      ['torch-compile +malloc bf16', { ms: 600, peakMb: 950 }],
    ]),
  ],
  [
    'generate 125m 1',
    new Map([
      ['neomesh', { ms: 20 }],
      ['neomesh bf16', { ms: 10 }],
      ['jax +malloc', { ms: 22 }],
    ]),
  ],
  ['start', new Map([['help', { ms: 90 }]])],
])
const goals = goalsOf(figures)
const named = (name: string) => goals.find(({ goal }) => goal === name)!

test('training is compared with the fastest PyTorch row of the same precision, not with JAX', () => {
  const f32 = named('training teach, f32')
  assert.deepEqual([f32.measured, f32.beside, isMet(f32)], [1.2, 'torch-compile +malloc', true])
  const bf16 = named('training teach, bf16')
  assert.deepEqual([bf16.measured, bf16.beside, isMet(bf16)], [1.2, 'torch-compile +malloc bf16', false])
  assert.equal(isMet(named('training teach, bf16 to f32 peers')), false) // 1.92 of 2
})

test('memory is that of the fastest row; limits are upper ones', () => {
  const memory = named('training teach, f32, memory')
  assert.equal(isMet(memory), false)
  assert.ok(Math.abs(memory.measured! - 1000 / 950) < 1e-12)
  assert.equal(isMet(named('neomesh --help')), true)
})

test('decoding is compared with JAX, and bf16 with f32', () => {
  assert.equal(named('decoding 125m, batch 1, f32').measured, 1.1)
  assert.equal(named('decoding 125m, batch 1, bf16 to our f32').measured, 2)
})

test('the report names what is not met, and what was not measured', () => {
  const lines = goalLines(goals)
  assert.ok(lines.includes('| training teach, f32 | >= 1.15 | 1.20 | torch-compile +malloc | met |'))
  assert.ok(lines.includes('| training small, f32 | >= 1.15 |  | no peer | not measured |'))
  assert.equal(
    lines.at(-1),
    `3 of ${goals.length} goals are met, 4 are not, ${goals.length - 7} were not measured. Not met: training teach, f32, memory; ` +
      'training teach, bf16; training teach, bf16 to f32 peers; decoding 125m, batch 1, f32.',
  )
})
