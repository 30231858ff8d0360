/**
 * The same request has the same events, to the last bit of each score, alone and among others, whatever their number, lengths,
 * settings and order of arrival, in any slot, with and without a cached prefix.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLoads, loaded, mixed, run, withSlots } from './support.js'

test('all kinds of layers: a request has the same events alone and among 15 others', async () => {
  const model = await loaded({
    n_ctx: 100,
    n_layer: 3,
    attention_types: [[['global', 'local', 'linear'], 1]],
    local_attention_radius: 9,
    num_mem_kv: 3,
  })
  await checkLoads(model, mixed(16, 3), { slots: 5, chunk: 16 })
})

test('experts that may overflow: a request has the same events alone and among others', async () => {
  const model = await loaded({
    n_ctx: 24,
    moe_layers: [1],
    moe_params: { moe_num_experts: 3, moe_hidden_size: 16, moe_capacity_factor_eval: 1 },
  })
  const requests = mixed(6, 5).map((request) => ({ ...request, prompt: Array.from(request.prompt).slice(0, 9) }))
  const alone: string[] = []
  await withSlots(model, { slots: 1 }, async (slots) => {
    for (const request of requests) alone.push(JSON.stringify(await run(slots, request)))
  })
  await withSlots(model, { slots: 3 }, async (slots) => {
    const found = await Promise.all(requests.toReversed().map((request) => run(slots, request)))
    assert.deepEqual(
      found.toReversed().map((events) => JSON.stringify(events)),
      alone,
    )
  })
})
