import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMemoryReport } from '../../../src/plan/ahead/memory-report.js'

const message =
  'Ran out of memory on HBM, the total memory required for HLO temporaries (2.50G) exceeds available HBM (1.00G).'
/** In the form of libtpu 0.0.52. */
const log = `E1124 09:23:01.338807   12648 compiler.cc:3582] XLA:TPU compile permanent error. Memory usage report:

Memory Space: default (color=0)
Total bytes: 2684354561 (2.50GiB)
  cumulative_size;       size;       offset; used_by_n_values; shapes_list
  ------------------------------------------------------------
    1.50GiB( 60%);    1.50GiB;            0;                9; bf16[2048,256], 5×bf16[24,8,2048,8192]
    2.00GiB( 80%);  512.00MiB;   6442450944;                1; f32[24]
    2.00GiB( 80%);   64.0KiB;   6442450944;                1; pred[]
`

test('sizes and shapes of the pieces of memory', () => {
  assert.deepEqual(readMemoryReport(message, log), {
    needed: 2684354561,
    buffers: [
      { bytes: 1.5 * 2 ** 30, shapes: ['bf16[2048,256]', 'bf16[24,8,2048,8192]'] },
      { bytes: 2 ** 29, shapes: ['f32[24]'] },
      { bytes: 2 ** 16, shapes: ['pred[]'] },
    ],
  })
})

test('without the report there is the message alone', () => {
  assert.deepEqual(readMemoryReport(message, ''), { needed: 2.5 * 2 ** 30, buffers: [] })
})
