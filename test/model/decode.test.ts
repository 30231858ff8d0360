/**
 * Prompts of any length, padded to a compiled one, then decoded a token at a time, give what a forward pass over all
 * positions gives; rows may differ in length.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import type { DecodeState, Parameters, Positions } from '../../src/model/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'
import { CASES } from './decode-cases.js'
import { forward, lively, type Lively } from './support.js'

const LENGTH = 20
const WIDTH = 13

/** Logits after each position from each prompt's last on, [row][position][token]: a prefill, then steps of one. */
async function stepwise(
  { config, model, parameters }: Lively,
  rows: readonly (readonly number[])[],
  lengths: readonly number[],
): Promise<number[][][]> {
  const on = await engine()
  const batch = dim('batch', rows.length)
  const start = jit(
    on,
    (p: Parameters, ids: Tensor<'batch' | 'sequence'>, at: Positions) => model.prefill(p, ids, at, LENGTH),
    { name: 'start' },
  )
  const step = jit(
    on,
    (p: Parameters, from: DecodeState, ids: Tensor<'batch' | 'sequence'>) => model.decodeStep(p, ids, from),
    { name: 'step' },
  )
  const equal = lengths.every((length) => length === lengths[0])
  const positions = (made: number) =>
    DeviceArray.from(
      on,
      Int32Array.from(equal ? [lengths[0] + made] : lengths.map((length) => length + made)),
      equal ? [] : [batch],
      'i32',
    )
  const ids = (count: number, of: (row: readonly number[], r: number) => readonly number[]) =>
    DeviceArray.from(on, Int32Array.from(rows.flatMap(of)), [batch, dim('sequence', count)], 'i32')
  const padding = Array<number>(WIDTH).fill(7)
  const all: number[][][] = rows.map(() => [])
  const prompts = ids(WIDTH, (row, r) => [...row.slice(0, lengths[r]), ...padding].slice(0, WIDTH))
  let state = await start(parameters, prompts, positions(0))
  for (let made = 0; ; made++) {
    const values = await state.logits.readFloats()
    rows.forEach((_, r) => {
      if (lengths[r] + made <= LENGTH)
        all[r].push(Array.from(values.slice(r * config.n_vocab, (r + 1) * config.n_vocab)))
    })
    if (Math.min(...lengths) + made === LENGTH) return all
    // A row that has ended goes on with any token.
    const next = ids(1, (row, r) => [row[lengths[r] + made] ?? 0])
    state = await step(parameters, { caches: state.caches, position: positions(made) }, next)
  }
}

const RAGGED = [11, 3, 13]
const EQUAL = [7, 7]
const EQUAL_CASES = ['all kinds', 'memory key-values with rotary and local layers', 'axial']
for (const [name, changes] of Object.entries(CASES))
  for (const lengths of EQUAL_CASES.includes(name) ? [RAGGED, EQUAL] : [RAGGED])
    test(`${name}, prompts of ${lengths.join(', ')}: prefill and steps equal one pass`, async () => {
      const model = await lively(changes)
      const next = numbers(3)
      const rows = lengths.map(() => Array.from({ length: LENGTH }, () => Math.floor(next() * model.config.n_vocab)))
      const [wanted, found] = [await forward(model, rows), await stepwise(model, rows, lengths)]
      const scale = Math.max(...wanted.flat(2).map(Math.abs))
      found.forEach((row, r) => {
        assert.equal(row.length, LENGTH - lengths[r] + 1)
        row.forEach((values, i) =>
          values.forEach((x, token) => {
            const position = lengths[r] - 1 + i
            const y = wanted[r][position][token]
            assert.ok(
              Math.abs(x - y) <= 2e-5 * scale,
              `row ${r}, position ${position}, token ${token}: ${x}, wanted ${y}`,
            )
          }),
        )
      })
    })

test('a model of masked tokens cannot continue a text', async () => {
  const model = await lively({ mlm_training: true, mlm_mask_id: 60 })
  await assert.rejects(stepwise(model, [Array(LENGTH).fill(1)], [7]), {
    name: 'RangeError',
    message: /mlm_training.*cannot continue a text/,
  })
})
