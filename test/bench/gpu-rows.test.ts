import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRows, peakOf } from '../../bench/gpu-rows.js'

test('peaks are found by the name that the driver reports', () => {
  assert.equal(peakOf('NVIDIA H200'), 989.4e12)
  assert.equal(peakOf('NVIDIA H100 80GB HBM3'), 989.4e12)
  assert.equal(peakOf('cpu'), null)
})

test('a row has the medians of all rounds, MFU by the stated formula, and what failed says so', () => {
  const result = {
    step_ms: [100, 90, 110],
    tokens_per_step: 32768,
    gflop_per_step: 27_000,
    device_mb: 1234.4,
    device_kind: 'NVIDIA H200',
    first_step_s: 20,
    loss_first: 10.9,
    loss_last: 10.1,
    versions: { torch: '2' },
  }
  const rows = createRows()
  const table = rows.training(
    'gpt2-gpu',
    new Map([
      ['neomesh bf16', [result, result]],
      ['jax bf16', []],
    ]),
  )
  assert.equal(
    table[2],
    '| neomesh bf16 | 100.0 (90.0) | 327680 (364089) | 27.3% | 1234 | 20.0 | 10.9000 / 10.1000 |', // 2.7e13 / 0.1 s / 9.89e14
  )
  assert.match(table[3], /^\| jax bf16 \| failed/)
  assert.equal(rows.kind, 'NVIDIA H200')
  assert.deepEqual([...rows.versions], [['torch', '2']])
})

test('decoding leaves out the first token', () => {
  const result = { run_ms: [1300, 1310], first_token_ms: [30, 40], batch: 8, new: 128, checksum: 5, device_mb: null }
  const [, , row] = createRows().generation('8', new Map([['neomesh', [result]]]))
  assert.equal(row, '| neomesh | 800.0 (800.0) | 40.0 |  | 5 |')
})
