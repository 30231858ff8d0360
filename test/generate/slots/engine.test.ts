import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SlotRequest } from '../../../src/generate/index.js'
import { forward } from '../../model/support.js'
import { eventsOf, generated, idsOf, loaded, run, withSlots } from './support.js'

const SHAPE = {
  n_ctx: 40,
  n_layer: 3,
  attention_types: [[['global', 'local', 'local'], 1]],
  local_attention_radius: 5,
}
const PROMPTS = [[3, 14, 15, 9, 26], [5, 35, 8], Array.from({ length: 30 }, (_, i) => (7 * i) % 61), [9]]

test('the tokens are those of generate: greedy, sampled, limited, with stop ids, to the end of the context', async () => {
  const model = await loaded(SHAPE)
  await withSlots(model, { slots: 3 }, async (slots) => {
    const settings: Partial<SlotRequest>[] = [
      { temperature: 0 },
      { seed: 3 },
      { temperature: 0.7, topK: 5, seed: 4 },
      { topP: 0.8, seed: 5 },
    ]
    for (const setting of settings) {
      const requests = PROMPTS.map((prompt) => ({ prompt, maxTokens: 12, ...setting }))
      const found = await Promise.all(requests.map((request) => run(slots, request)))
      for (const [i, request] of requests.entries()) assert.deepEqual(idsOf(found[i]), await generated(model, request))
    }
    const whole = await run(slots, { prompt: PROMPTS[0], temperature: 0, maxTokens: 1000 })
    assert.equal(idsOf(whole).length, 35)
    assert.deepEqual(whole.at(-1), { kind: 'end', reason: 'length' })
    const stopIds = [idsOf(whole)[4]]
    const stopped = await run(slots, { prompt: PROMPTS[0], temperature: 0, maxTokens: 1000, stopIds })
    assert.deepEqual(idsOf(stopped), idsOf(whole).slice(0, idsOf(whole).indexOf(stopIds[0]) + 1))
    assert.deepEqual(stopped.at(-1), { kind: 'end', reason: 'stop' })
  })
})

test('scores of prompt and answer are those of one forward pass; the prompt’s first token has none', async () => {
  const model = await loaded(SHAPE)
  await withSlots(model, { slots: 2 }, async (slots) => {
    for (const prompt of PROMPTS.slice(1, 3)) {
      const events = await run(slots, { prompt, maxTokens: 6, temperature: 0, logprobs: 3, promptLogprobs: true })
      const [first, ...rest] = events
      assert.ok(first.kind === 'prompt')
      const answer = rest.filter((event) => event.kind === 'token')
      const all = [...first.tokens, ...answer]
      assert.deepEqual(
        all.map(({ id }) => id),
        [...prompt, ...idsOf(events)],
      )
      assert.deepEqual(first.tokens[0], { id: prompt[0], logprob: null, top: [] })
      const [logits] = await forward({ ...model, specs: model.model.specs }, [all.map(({ id }) => id)])
      for (let i = 1; i < all.length; i++) {
        const row = logits[i - 1]
        const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0))
        assert.ok(Math.abs(all[i].logprob! - (row[all[i].id] - total)) < 1e-4)
        assert.equal(all[i].top.length, 3)
        assert.ok(Math.abs(all[i].top[0][1] - (Math.max(...row) - total)) < 1e-4)
      }
      for (const { id, logprob, top } of answer) assert.deepEqual(top[0], [id, logprob])
    }
    const [bare] = await run(slots, { prompt: [1], maxTokens: 1 })
    assert.ok(bare.kind === 'token' && bare.logprob === null && bare.top.length === 0)
  })
})

test('requests wait in order, are cancelled at the next step, and a slot is freed for the next one', async () => {
  const model = await loaded(SHAPE)
  await withSlots(model, { slots: 2 }, async (slots) => {
    const controller = new AbortController()
    const request = { prompt: [1, 2], maxTokens: 30, temperature: 0 }
    const long = [
      eventsOf(slots.submit({ ...request, signal: controller.signal })),
      eventsOf(slots.submit({ ...request, signal: controller.signal })),
    ]
    const order: number[] = []
    const short = [0, 1, 2].map((i) => run(slots, { ...request, maxTokens: 2 }).then(() => order.push(i)))
    assert.equal(slots.waiting, 5)
    await new Promise((resolve) => setTimeout(resolve, 1))
    while (slots.running === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([slots.running, slots.waiting], [2, 3])
    controller.abort()
    for (const each of long) assert.deepEqual((await each).at(-1), { kind: 'end', reason: 'cancelled' })
    await Promise.all(short)
    assert.deepEqual(order, [0, 1, 2])
    assert.deepEqual([slots.running, slots.waiting], [0, 0])
    assert.deepEqual(slots.totals, {
      promptTokens: 10,
      cachedTokens: 0,
      newTokens: slots.totals.newTokens,
      requests: 5,
      cancelled: 2,
    })
  })
})

test('a reader that leaves cancels its request; one that never reads keeps no other from its answer', async () => {
  const model = await loaded(SHAPE)
  await withSlots(model, { slots: 1 }, async (slots) => {
    slots.submit({ prompt: [1], maxTokens: 5 })
    for await (const event of slots.submit({ prompt: [1], maxTokens: 39 })) if (event.kind === 'token') break
    assert.equal(idsOf(await run(slots, { prompt: [2], maxTokens: 3 })).length, 3)
    assert.equal(slots.totals.cancelled, 1)
  })
})

test('closing ends the requests as cancelled, and later ones are refused', async () => {
  const model = await loaded(SHAPE)
  let late: ReturnType<typeof eventsOf> | undefined
  const slots = await withSlots(model, { slots: 1 }, async (slots) => {
    late = eventsOf(slots.submit({ prompt: [1], maxTokens: 39 }))
    return slots
  })
  assert.deepEqual((await late!).at(-1), { kind: 'end', reason: 'cancelled' })
  assert.throws(() => slots.submit({ prompt: [1] }), /the slot engine is closed/)
})

test('warming up counts no requests and changes no answer, also in the smallest slots', async () => {
  const model = await loaded(SHAPE)
  const request = { prompt: PROMPTS[0], temperature: 0, maxTokens: 6 }
  const cold = await withSlots(model, { slots: 2 }, (slots) => run(slots, request))
  await withSlots(model, { slots: 2 }, async (slots) => {
    await slots.warmUp()
    assert.deepEqual(slots.totals, { promptTokens: 0, cachedTokens: 0, newTokens: 0, requests: 0, cancelled: 0 })
    assert.deepEqual([slots.running, slots.waiting], [0, 0])
    assert.deepEqual(await run(slots, request), cold)
  })
  await withSlots(model, { slots: 1, capacity: 2 }, (slots) => slots.warmUp())
})

test('options outside their range and models of masked tokens are refused in one line', async () => {
  const model = await loaded(SHAPE)
  const fails = (options: object, message: RegExp) =>
    assert.rejects(
      withSlots(model, options, async () => {}),
      { name: 'RangeError', message },
    )
  await fails({ slots: 0 }, /^slots must be an integer >= 1 \(got 0\)/)
  await fails({ capacity: 41 }, /^capacity must be an integer from 2 to 40 \(got 41\)/)
  const masked = await loaded({ mlm_training: true, mlm_mask_id: 60 })
  await assert.rejects(
    withSlots(masked, {}, async () => {}),
    /mlm_training.*cannot continue a text/,
  )
})
