/** Entmax and masked tokens against their definitions; the output layer without tied weights. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskTokens, modelShape } from '../../src/model/index.js'
import { NO_TOKEN } from '../../src/model/kernels/cross-entropy.js'
import { entmax, entmaxLoss } from '../../src/model/objectives/entmax.js'
import { objective } from '../../src/model/objectives/objective.js'
import {
  dim,
  gradients,
  printProgram,
  random,
  sizeOf,
  spec,
  trace,
  type Dim,
  type Tensor,
} from '../../src/tensor/index.js'
import { checkOp, close, evaluate } from '../tensor/check.js'
import { configOf } from './support.js'

const sum = (xs: number[]) => xs.reduce((a, b) => a + b, 0)

/** alpha-entmax in double precision, its threshold by bisection. */
function entmaxOf(x: number[], alpha = 1.3): number[] {
  const p = (tau: number) => x.map((v) => Math.max(0, (alpha - 1) * v - tau) ** (1 / (alpha - 1)))
  let [low, high] = [(alpha - 1) * Math.max(...x) - 1, (alpha - 1) * Math.max(...x)]
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (sum(p(middle)) >= 1) low = middle
    else high = middle
  }
  return p(low)
}

test('entmax: values and gradient; far entries are exactly 0', async () => {
  const [rows, vocab] = [dim('rows', 3), dim('vocab', 6)]
  await checkOp({
    inputs: [[rows, vocab]],
    run: (x) => entmax(x, vocab),
    oracle: (x: number[][]) => x.map((row) => entmaxOf(row)),
    tolerance: 1e-5,
  })
  const [{ values }] = await evaluate(
    (x) => [entmax(x, vocab)],
    [{ dims: [vocab], values: [9, 8, 0, -5, 8.5, 1], dtype: 'f32' }],
  )
  close(values, entmaxOf([9, 8, 0, -5, 8.5, 1]), 1e-5, 'far')
  assert.deepEqual(
    values.map((p) => p === 0),
    [false, false, true, true, false, true],
  )
})

function head(changes: Record<string, unknown> = {}, spread = 1) {
  const model = modelShape(configOf({ n_vocab: 5, n_ctx: 3, n_embd: 4, n_head: 1, z_loss: 0, ...changes }), {
    batch: 2,
  })
  const { batch, sequence, embd, vocab } = model
  const inputs = [[batch, sequence, embd], [vocab, embd], [vocab]] as Dim[][]
  const logits = (x: number[][][], table: number[][], bias: number[]) =>
    x.map((rows) => rows.map((h) => table.map((w, t) => spread * sum(w.map((v, i) => v * h[i])) + bias[t])))
  return { model, inputs, ids: { dims: [batch, sequence] as Dim[], dtype: 'i32' as const }, logits }
}

test('entmax loss: the mean over tokens, at tokens that have a probability', () => {
  const { model, inputs, ids, logits } = head({ entmax_loss: true })
  return checkOp({
    inputs: [...inputs, { ...ids, values: [0, 1, 2, 3, 4, 7] }],
    low: -0.5,
    high: 0.5,
    tolerance: 1e-5,
    run: (x, table, bias, labels) => entmaxLoss({ x, table, bias }, labels, model).loss,
    oracle: (x, table, bias, labels: number[][]) =>
      sum(
        logits(x, table, bias).flatMap((rows, b) =>
          rows.map((row, i) => (labels[b][i] < 5 ? -Math.log(entmaxOf(row)[labels[b][i]]) : 0)),
        ),
      ) / 6,
  })
})
test('entmax loss is finite where a token has no probability; under compat it is NaN', async () => {
  for (const compat of ['fixed', 'gpt-neo']) {
    const { model, inputs, ids } = head({ entmax_loss: true, compat })
    const far = inputs.map((dims, i) => ({
      dims,
      dtype: 'f32' as const,
      values: Array.from({ length: dims.reduce((n, { size }) => n * size, 1) }, (_, k) =>
        i === 0 ? 9 : i === 1 ? (k % 7) - 3 : 0,
      ),
    }))
    const [
      {
        values: [loss],
      },
      { values: slope },
    ] = await evaluate(
      (x, table, bias, labels) => {
        const { loss } = entmaxLoss({ x, table, bias }, labels as Tensor<'batch' | 'sequence'>, model)
        return [loss, gradients([loss], [loss.mul(0).add(1)], [table])[0]!]
      },
      [...far, { ...ids, values: [0, 1, 2, 3, 4, 0] }],
    )
    assert.equal(Number.isNaN(loss), compat === 'gpt-neo')
    if (compat === 'fixed') assert.ok(slope.every(Number.isFinite))
  }
})

test('entmax loss under compat: as without it where every token has a probability, labels outside of the vocabulary too', async () => {
  const labels = [0, 1, 4, 5, 2, 3]
  for (const spread of [0, 0.01, 0.1]) {
    const found = await Promise.all(
      ['fixed', 'gpt-neo'].map(async (compat) => {
        const { model, inputs, ids } = head({ entmax_loss: true, compat })
        const near = inputs.map((dims, i) => ({
          dims,
          dtype: 'f32' as const,
          values: Array.from({ length: sizeOf(dims) }, (_, k) =>
            i === 0 ? Math.sin(k) : spread * Math.cos(3 * k + i),
          ),
        }))
        const values = await evaluate(
          (x, table, bias, given) => {
            const { loss } = entmaxLoss({ x, table, bias }, given as Tensor<'batch' | 'sequence'>, model)
            return [loss, ...gradients([loss], [loss.mul(0).add(1)], [x, table, bias]).map((slope) => slope!)]
          },
          [...near, { ...ids, values: labels }],
        )
        return values.map((each) => each.values)
      }),
    )
    assert.ok(found[1].flat().every(Number.isFinite), `spread ${spread}`)
    found[0].forEach((values, i) => close(found[1][i], values, 1e-6, `spread ${spread}, result ${i}`))
    if (spread === 0) close(found[1][0], [(Math.log(5) * 5) / 6], 1e-6, 'equal logits')
  }
})

const entropy = (row: number[], label: number) => Math.log(sum(row.map(Math.exp))) - row[label]

test('an output layer of its own: cross entropy with its bias, and gradients of all three', () => {
  const { model, inputs, ids, logits } = head({ no_weight_tie: true })
  return checkOp({
    inputs: [...inputs, { ...ids, values: [0, 1, 2, 3, 4, 0] }],
    low: -1,
    high: 1,
    run: (x, table, bias, labels) => objective({ x, table, bias }, labels, model).loss,
    oracle: (x, table, bias, labels: number[][]) =>
      sum(logits(x, table, bias).flatMap((rows, b) => rows.map((row, i) => entropy(row, labels[b][i])))) / 6,
  })
})
for (const [compat, count] of [
  ['fixed', 3],
  ['gpt-neo', 6],
] as const)
  test(`masked tokens: padding and no label do not count; under compat ${compat} the mean is over ${count} of 6`, () => {
    const { model, inputs, ids, logits } = head({
      mlm_training: true,
      mlm_mask_id: 4,
      padding_id: 2,
      compat,
      z_loss: 0.01,
    })
    return checkOp({
      inputs: [...inputs, { ...ids, values: [0, 1, 2, 3, NO_TOKEN, 2] }],
      low: -1,
      high: 1,
      run: (x, table, bias, labels) => objective({ x, table, bias }, labels, model).loss,
      oracle: (x, table, bias, labels: number[][]) =>
        sum(
          logits(x, table, bias).flatMap((rows, b) =>
            rows.map((row, i) => {
              const label = labels[b][i]
              return label === 2 || label < 0 ? 0 : entropy(row, label) + 0.01 * Math.log(sum(row.map(Math.exp))) ** 2
            }),
          ),
        ) / count,
    })
  })

/** Masks 40 rows of 100 tokens from 10 to 59, the last ten of each row padding (0). */
async function masked(changes: Record<string, unknown>) {
  const dims = [dim('batch', 40), dim('sequence', 100)]
  const ids = Array.from({ length: 4000 }, (_, i) => (i % 100 >= 90 ? 0 : 10 + ((i * 7) % 50)))
  const config = configOf({ mlm_training: true, mlm_mask_id: 60, padding_id: 0, ...changes })
  const [inputs, labels] = await evaluate(
    (x) => {
      const made = maskTokens(random.key(5), x, config)
      return [made.inputs, made.labels]
    },
    [{ dims, values: ids, dtype: 'i32' }],
  )
  return { ids, inputs: inputs.values, labels: labels.values }
}
const share = (xs: boolean[]) => xs.filter(Boolean).length / xs.length

test('masking is fenced off from what reads the ids: XLA would draw the numbers in each reader, and compile for minutes', () => {
  for (const compat of [undefined, 'gpt-neo']) {
    const config = configOf({ mlm_training: true, mlm_mask_id: 60, compat })
    const ids = spec([dim('batch', 2), dim('sequence', 8)], 'i32')
    const { program } = trace((x: Tensor) => maskTokens(random.key(5), x, config), [ids])
    const text = printProgram(program, { locations: false })
    assert.match(text, /\n +(\w+), (\w+) = barrier .*\n +return \1, \2\n\}\s*$/)
  }
})

test('masking: labels are the chosen tokens; most become the mask, some stay, some become others', async () => {
  const { ids, inputs, labels } = await masked({
    mlm_mask_prob: 0.3,
    mlm_same_token_prob: 0.2,
    mlm_random_token_prob: 0.25,
    mlm_mask_ignore_ids: [11],
  })
  const chosen = labels.map((label) => label !== NO_TOKEN)
  assert.ok(ids.every((id, i) => !chosen[i] || (labels[i] === id && id !== 0 && id !== 11)))
  assert.ok(
    ids.every((id, i) => chosen[i] || inputs[i] === id),
    'what is not chosen is as it was',
  )
  const open = ids.map((id) => id !== 0 && id !== 11)
  assert.ok(Math.abs(share(chosen.filter((_, i) => open[i])) - 0.3) < 0.03)
  const among = (what: (i: number) => boolean) => share(ids.flatMap((_, i) => (chosen[i] ? [what(i)] : [])))
  assert.ok(Math.abs(among((i) => inputs[i] === ids[i]) - 0.2) < 0.05)
  assert.ok(Math.abs(among((i) => inputs[i] === 60) - 0.8 * 0.75) < 0.06)
  assert.ok(inputs.every((id) => id >= 0 && id < 61))
})
test('masking: a class token comes first and is never chosen', async () => {
  const { ids, inputs, labels } = await masked({ mlm_cls_token_id: 5, mlm_mask_prob: 1, mlm_same_token_prob: 0 })
  for (let row = 0; row < 40; row++) {
    assert.deepEqual([inputs[100 * row], labels[100 * row]], [5, NO_TOKEN])
    assert.equal(labels[100 * row + 1], ids[100 * row])
  }
})
test('masking under compat: labels are the tokens in plain sight, random ones among them', async () => {
  const { ids, inputs, labels } = await masked({
    compat: 'gpt-neo',
    mlm_random_token_prob: 0.1,
    mlm_same_token_prob: 0,
  })
  assert.ok(ids.every((_, i) => labels[i] === (inputs[i] === 60 ? labels[i] && 60 : inputs[i])))
  assert.ok(Math.abs(share(labels.filter((_, i) => ids[i] !== 0).map((label) => label === 0)) - 0.15) < 0.03)
  assert.ok(Math.abs(share(ids.map((id, i) => inputs[i] !== 60 && inputs[i] !== id)) - 0.1 * 0.85) < 0.03)
})
test('masking needs the token that stands for a masked one', async () => {
  await assert.rejects(masked({ mlm_mask_id: undefined }), /mlm_mask_id/)
})
