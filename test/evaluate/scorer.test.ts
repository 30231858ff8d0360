/** Scores of given tokens against log-softmax of a plain forward pass, for every kind of attention, cut and padded anyhow. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchesOf, createScorer, paddedLength, type Passage } from '../../src/evaluate/scorer.js'
import { slidingWindows } from '../../src/evaluate/encode.js'
import { forward, lively, type Lively } from '../model/support.js'
import { engine, numbers } from '../tensor/check.js'

const KINDS: Readonly<Record<string, Record<string, unknown>>> = {
  global: { attention_types: [[['global'], 2]] },
  local: { attention_types: [[['local'], 2]], local_attention_radius: 5 },
  linear: { attention_types: [[['linear'], 2]] },
  'none and rotary': { attention_types: [[['none', 'global'], 1]], rotary_emb: true },
  'untied with a bias': { attention_types: [[['global', 'local'], 1]], no_weight_tie: true },
  'a mixture of experts': {
    attention_types: [[['global'], 2]],
    moe_layers: [1],
    moe_params: { moe_num_experts: 4, moe_hidden_size: 32 },
    res_dropout: 0,
  },
}

/** Log-softmax of the plain forward pass of one text. */
async function plain(model: Lively, ids: readonly number[]): Promise<{ logs: number[]; greedy: number[] }> {
  const [rows] = await forward(model, [ids.slice(0, -1)])
  const scored = rows.map((logits, i) => {
    const top = Math.max(...logits)
    const total = logits.reduce((sum, x) => sum + Math.exp(x - top), 0)
    return [logits[ids[i + 1]] - top - Math.log(total), Number(logits.indexOf(top) === ids[i + 1])]
  })
  return { logs: scored.map(([log]) => log), greedy: scored.map(([, best]) => best) }
}

for (const [name, changes] of Object.entries(KINDS)) {
  test(`scores equal those of a full forward pass of each text alone: ${name}`, async () => {
    const model = await lively({ n_ctx: 40, ...changes })
    const random = numbers(3)
    const texts = [2, 41, 12, 41].map((length) =>
      Array.from({ length }, () => Math.floor(random() * model.config.n_vocab)),
    )
    const passages = texts.map((ids): Passage => {
      const from = Math.max(1, ids.length >> 1)
      return {
        ids: Int32Array.from(ids),
        scored: Int32Array.from({ length: ids.length - from }, (_, i) => from + i),
      }
    })
    const scorer = createScorer(await engine(), model.model)
    const scores = await scorer(model.parameters, passages)
    scorer.dispose()
    for (const [i, ids] of texts.entries()) {
      const { logs, greedy } = await plain(model, ids)
      const from = passages[i].scored[0] - 1
      assert.equal(scores[i].logProbabilities.length, ids.length - 1 - from)
      scores[i].logProbabilities.forEach((found, at) => {
        const wanted = logs[from + at]
        assert.ok(Math.abs(found - wanted) < 1e-4, `text ${i}, token ${at}: ${found}, not ${wanted}`)
      })
      assert.deepEqual([...scores[i].greedy], greedy.slice(from))
    }
  })
}

test('windows score every token but the first once, and see as much as fits', () => {
  for (const [length, context, stride] of [
    [10, 4, 4],
    [10, 4, 1],
    [11, 4, 3],
    [5, 4, 2],
    [3, 4, 2],
    [2, 4, 4],
  ]) {
    const ids = Int32Array.from({ length }, (_, i) => 100 + i)
    const seen: number[] = []
    for (const { ids: window, scored } of slidingWindows(ids, context, stride)) {
      assert.ok(window.length <= context + 1)
      for (const at of scored) seen.push(window[at])
      const first = window[scored[0]] - 100
      // Of the tokens before the first scored one, as many as there are or as fit beside those that are scored.
      const most = Math.min(first, context + 1 - scored.length)
      assert.equal(scored[0], most, `${length}, ${context}, ${stride}`)
    }
    assert.deepEqual(seen, [...ids.slice(1)])
  }
})

test('few lengths are compiled, the longest first, and a pass is bounded', () => {
  assert.deepEqual(
    [1, 32, 33, 48, 49, 65, 100, 200].map((length) => paddedLength(length, 150)),
    [32, 32, 48, 48, 64, 96, 128, 150],
  )
  const passages = [10, 2000, 40, 41, 12].map((length) => ({ ids: new Int32Array(length + 1) }))
  assert.deepEqual(batchesOf(passages, 2048, false), [
    { width: 2048, rows: 1, members: [1] },
    { width: 48, rows: 8, members: [3, 2, 4, 0] },
  ])
  const many = Array.from({ length: 200 }, () => ({ ids: new Int32Array(33) }))
  assert.deepEqual(
    batchesOf(many, 2048, false).map(({ width, rows, members }) => [width, rows, members.length]),
    [
      [32, 64, 64],
      [32, 64, 64],
      [32, 64, 64],
      [32, 64, 8],
    ],
  )
  assert.deepEqual(
    batchesOf(passages, 2048, true).map(({ width, rows }) => [width, rows]),
    [2000, 41, 40, 12, 10].map((width) => [width, 1]),
  )
})

test('a model that sees later tokens, and logits that are not finite, are errors', async () => {
  const masked = await lively({ mlm_training: true, mlm_mask_id: 3, attention_types: [[['local'], 2]] })
  const on = await engine()
  assert.throws(
    () => createScorer(on, masked.model),
    /^EvaluationError: the model must predict next tokens \(got mlm_training/,
  )
  const huge = await lively({ attention_types: [[['global'], 2]] }, 1e38)
  const scorer = createScorer(on, huge.model)
  const passage = { ids: Int32Array.of(1, 2, 3), scored: Int32Array.of(1, 2) }
  await assert.rejects(scorer(huge.parameters, [passage]), /logits must be finite \(got NaN or infinity\)/)
})
