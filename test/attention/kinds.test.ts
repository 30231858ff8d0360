/** Kinds of attention against their definitions, written out on nested arrays. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attentionKind } from '../../src/attention/index.js'
import { denseAttention } from '../../src/attention/dense.js'
import { rotation } from '../../src/model/positions/rotary.js'
import { modelShape } from '../../src/model/index.js'
import type { Dim } from '../../src/tensor/index.js'
import { checkOp } from '../tensor/check.js'
import { configOf } from '../model/support.js'

type Heads = number[][][][] // batch, position, head, feature

const sum = (xs: number[]) => xs.reduce((a, b) => a + b, 0)
const soft = (xs: number[]) => {
  const e = xs.map((x) => Math.exp(x - Math.max(...xs))),
    s = sum(e)
  return e.map((x) => x / s)
}
const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const dot = (a: number[], b: number[]) => sum(a.map((x, i) => x * b[i]))

/** A weighted mean of values for each position and head. */
const mixed = (q: Heads, v: Heads, weigh: (b: number, i: number, h: number) => number[]): Heads =>
  q.map((rows, b) =>
    rows.map((heads, i) =>
      heads.map((features, h) => {
        const weights = weigh(b, i, h)
        return features.map((_, f) => sum(weights.map((w, j) => w * v[b][j][h][f])))
      }),
    ),
  )

function setting(length: number, changes: Record<string, unknown> = {}) {
  const model = modelShape(configOf({ n_embd: 6, n_head: 2, n_ctx: length, local_attention_radius: 4, ...changes }), {
    batch: 2,
  })
  const { batch, sequence, memory, heads, features } = model
  const inputs = [
    [batch, sequence, heads, features],
    [batch, memory, heads, features],
    [batch, memory, heads, features],
  ] as Dim[][]
  return { model, inputs }
}

const MASKED = { mlm_training: true, mlm_mask_id: 1 }

for (const length of [5, 64, 150])
  test(`linear attention in chunks equals its definition, length ${length}`, () => {
    const { model, inputs } = setting(length)
    return checkOp({
      inputs,
      run: (q, k, v) => attentionKind('linear').attend({ q, k, v }, model),
      gradient: length < 100,
      tolerance: 1e-5,
      oracle: (q: Heads, k: Heads, v: Heads) =>
        mixed(q, v, (b, i, h) => {
          const query = soft(q[b][i][h])
          const weights = range(i + 1).map((j) => dot(query, k[b][j][h].map(Math.exp)))
          return weights.map((w) => w / (sum(weights) + 1e-6))
        }),
    })
  })

test('linear attention to both sides', () => {
  const { model, inputs } = setting(7, MASKED)
  return checkOp({
    inputs,
    run: (q, k, v) => attentionKind('linear').attend({ q, k, v }, model),
    oracle: (q: Heads, k: Heads, v: Heads) =>
      mixed(q, v, (b, i, h) => {
        const query = soft(q[b][i][h])
        const keys = range(3).map((f) => soft(range(7).map((j) => k[b][j][h][f])))
        return range(7).map((j) =>
          dot(
            query,
            keys.map((key) => key[j]),
          ),
        )
      }),
  })
})

for (const [length, radius] of [
  [7, 3],
  [80, 4],
  [70, 40],
  [9, 50],
])
  test(`local attention to both sides, length ${length}, radius ${radius}`, () => {
    const { model, inputs } = setting(length, { local_attention_radius: radius, ...MASKED })
    return checkOp({
      inputs,
      run: (q, k, v) => attentionKind('local').attend({ q, k, v }, model),
      gradient: length < 50,
      tolerance: 1e-5,
      oracle: (q: Heads, k: Heads, v: Heads) =>
        mixed(q, v, (b, i, h) =>
          soft(range(length).map((j) => (-radius < j - i && j - i <= radius ? dot(q[b][i][h], k[b][j][h]) : -1e9))),
        ),
    })
  })

test('global attention to both sides, and to earlier positions', async () => {
  const oracle = (causal: boolean) => (q: Heads, k: Heads, v: Heads) =>
    mixed(q, v, (b, i, h) => soft(range(7).map((j) => (j <= i || !causal ? dot(q[b][i][h], k[b][j][h]) : -1e9))))
  const both = setting(7, MASKED)
  await checkOp({
    inputs: both.inputs,
    run: (q, k, v) => denseAttention({ q, k, v }, both.model),
    oracle: oracle(false),
  })
  const { model, inputs } = setting(7)
  await checkOp({ inputs, run: (q, k, v) => denseAttention({ q, k, v }, model), oracle: oracle(true) })
})

test('rotary positions turn pairs of features from the two halves', () => {
  const { model, inputs } = setting(6, { n_embd: 8 })
  return checkOp({
    inputs: [inputs[0]],
    run: (x) => rotation(model)(x),
    oracle: (x: Heads) =>
      x.map((rows) =>
        rows.map((heads, p) =>
          heads.map((y) =>
            y.map((_, f) => {
              const angle = p * 10000 ** ((-2 * (f % 2)) / 4)
              return y[f] * Math.cos(angle) + (f < 2 ? -y[f + 2] : y[f - 2]) * Math.sin(angle)
            }),
          ),
        ),
      ),
  })
})
test('rotary positions refuse an odd head', () => {
  const { model } = setting(6)
  assert.throws(() => rotation(model), { name: 'RangeError', message: /pairs of features, and a head has 3/ })
})
