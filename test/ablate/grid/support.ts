/** A tiny grid, and a report of made-up results, for tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { parseGrid, type CellResult } from '../../../src/ablate/index.js'
import { gridReport } from '../../../src/ablate/grid/grid-report.js'

export const folder = mkdtempSync(join(tmpdir(), 'neomesh-grid-'))
process.env.NEOMESH_CACHE = join(folder, 'cache')
after(() => rmSync(folder, { recursive: true, force: true }))

export const GRID = {
  base: {
    n_embd: 8,
    n_head: 2,
    n_layer: 1,
    rotary_emb: true,
    opt_name: 'adamw',
    lr: 1e-2,
    train_batch_size: 4,
    steps_per_checkpoint: 100,
  },
  task: {
    name: 'mqar',
    length: 12,
    pairs: 2,
    vocabulary: 16,
    examples: 32,
    test_examples: 8,
    tests: { longer: { length: 16 } },
  },
  variants: { global: {}, none: { attention_types: [[['none'], 1]] } },
  seeds: [1, 2],
  steps: 6,
  evaluate_every: 3,
}

export const MACHINE = {
  engine: 'none',
  platform: 'cpu',
  cpu: 'test',
  cores: 2,
  memory: 2 ** 33,
  os: 'test',
  node: '20',
  neomesh: '0',
}

/** A report in which a cell has the accuracy that `accuracyOf` gives; null: not finished. */
export async function madeUp(
  given: Record<string, unknown>,
  accuracyOf: (cell: { task: string; variant: string; point: Record<string, unknown>; seed: number }) => number | null,
) {
  const spec = await parseGrid({ ...GRID, ...given }, { name: 'made-up' })
  const results = new Map<string, CellResult>()
  for (const cell of spec.cells) {
    const accuracy = accuracyOf(cell)
    if (accuracy === null) continue
    const test = { accuracy, loss: 1, groups: { 'distance 2-3': { correct: 10 * accuracy, of: 10 } } }
    results.set(cell.id, {
      seed: cell.seed,
      evaluations: [{ step: 6, tokens: 1, seconds: 1, loss: 1, bitsPerByte: null, accuracy }],
      diverged: null,
      tokensPerSecond: 1,
      seconds: 1,
      cpuSeconds: 1,
      prepareSeconds: 1,
      stepMemory: null,
      parameters: 1,
      machine: 'test',
      tests: { test, longer: test },
    })
  }
  return gridReport({ spec, machine: MACHINE, results })
}
