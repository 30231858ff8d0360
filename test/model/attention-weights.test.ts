/** The weights that notebooks show are those that attention mixes values with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { withSlots } from '../../src/attention/dense.js'
import { attentionKind, type AttentionKindName } from '../../src/attention/index.js'
import { attentionWeights, modelShape, scopeOf, type Parameters } from '../../src/model/index.js'
import { dim, einsum, type Dim, type Tensor } from '../../src/tensor/index.js'
import { checkOp, engine } from '../tensor/check.js'
import { configOf, lively } from './support.js'

type Side = 'causal' | 'both sides'
const CASES: [AttentionKindName, Side, number][] = [
  ['global', 'causal', 0],
  ['global', 'causal', 3],
  ['local', 'causal', 0],
  ['global', 'both sides', 0],
  ['global', 'both sides', 3],
  ['local', 'both sides', 0],
]
for (const [kind, side, slots] of CASES)
  test(`values mixed with the weights are what ${kind} attention gives, ${side}, ${slots} slots`, async () => {
    const masked = side === 'causal' ? {} : { mlm_training: true, mlm_mask_id: 60 }
    const config = configOf({
      n_embd: 6,
      n_head: 2,
      n_ctx: 13,
      local_attention_radius: 4,
      num_mem_kv: slots,
      ...masked,
    })
    const model = modelShape(config, { batch: 2 })
    const { batch, sequence, memory, heads, features } = model
    const learned = dim('mem_kv_sequence', Math.max(1, slots))
    const inputs: Dim[][] = [
      [batch, sequence, heads, features],
      [batch, memory, heads, features],
      [batch, memory, heads, features],
      [learned, heads, features],
      [learned, heads, features],
    ]
    await checkOp({
      inputs,
      gradient: false,
      tolerance: 1e-5,
      run: (q: Tensor, k: Tensor, v: Tensor, slotKeys: Tensor, slotValues: Tensor) => {
        const given = { q, k, v, ...(slots > 0 && { slotKeys, slotValues }) }
        const weights = attentionKind(kind).weights!(given, model)
        const { v: values } = withSlots(given, model)
        const mixed = einsum([weights, values], [batch, sequence, heads, features])
        return mixed.sub(attentionKind(kind).attend(given, model))
      },
      oracle: (q: number[][][][]) => q.map((rows) => rows.map((of) => of.map((xs) => xs.map(() => 0)))),
    })
  })

test('each position spreads its attention over itself and what it may see before; linear layers have no weights', async () => {
  const kinds = { attention_types: [[['global', 'local', 'linear'], 1]], n_layer: 3, local_attention_radius: 3 }
  const { config, specs, parameters } = await lively(kinds)
  const length = 7
  const model = modelShape(config, { batch: 1, sequence: length })
  const look = jit(await engine(), (values: Parameters, ids: Tensor) =>
    attentionWeights(scopeOf(model, specs, values, 'unroll'), ids as never, model).filter((x) => x !== null),
  ) as unknown as (p: Parameters<DeviceArray>, ids: DeviceArray) => Promise<DeviceArray[]>
  const dims = [dim('batch', 1), dim('sequence', length)]
  const ids = DeviceArray.from(await engine(), Int32Array.from([3, 1, 4, 1, 5, 9, 2]), dims, 'i32')
  const found = await look(parameters, ids)
  assert.equal(found.length, 2)
  for (const [layer, radius] of [
    [0, length],
    [1, 3],
  ]) {
    const weights = await found[layer].readFloats()
    for (let row = 0; row < weights.length / length; row++) {
      const [query, values] = [row % length, weights.subarray(row * length, (row + 1) * length)]
      const seen = [...values.keys()].filter((key) => values[key] > 0)
      assert.deepEqual(
        seen,
        [...Array(length).keys()].filter((key) => key <= query && key > query - radius),
      )
      assert.ok(Math.abs(values.reduce((sum, x) => sum + x, 0) - 1) < 1e-5)
    }
  }
})
