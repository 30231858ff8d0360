/** Clients of all kinds at the same time. 200 of them: load.slow.test.ts. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { checkMixedLoad, metricOf } from './mixed-clients.js'
import { makeServeWorld, post, startServe, type Served, type World } from './world.js'

let world: World
let served: Served
before(async () => {
  world = await makeServeWorld()
  writeFileSync(join(world.model, 'chat_template.jinja'), '{% for m in messages %}{{ m.content }}\n{% endfor %}')
  served = await startServe(world.model, ['--slots', '4', '--queue', '60'])
})
after(async () => {
  await served.stop()
  world.remove()
})

test('24 mixed clients at a time get the bytes that each gets alone', async () => {
  await checkMixedLoad(served, 24, 7)
  assert.equal(served.stderr(), '')
})

test('a full queue refuses with 429 and retry-after; what fits is answered', async () => {
  const ask = () =>
    post(`${served.url}/v1/completions`, { prompt: Array(30).fill('the'), max_tokens: 30, temperature: 0 })
  const answers = await Promise.all([ask(), ask(), ask(), ask()])
  const refused = answers.filter(({ status }) => status === 429)
  assert.equal(answers.filter(({ status }) => status === 200).length, 2)
  assert.equal(refused.length, 2)
  for (const { json, headers } of refused) {
    assert.deepEqual([json.error.type, json.error.code], ['rate_limit_error', 'queue_full'])
    assert.equal(headers.get('retry-after'), '1')
    assert.match(json.error.message, /^\d+ prompts wait already, of at most 60\. Try again later$/)
  }
  const many = await post(`${served.url}/v1/completions`, { prompt: Array(65).fill('the') })
  assert.deepEqual([many.status, many.json.error.param], [400, 'prompt'])
})

test('a client that goes frees its slot, whether it waits, streams or not', async () => {
  const before = await metricOf(served, 'cancelled_total')
  const controller = new AbortController()
  const ask = (stream: boolean) =>
    fetch(`${served.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: Array(5).fill('the'), max_tokens: 120, stream, logit_bias: { 0: -100 } }),
      signal: controller.signal,
    })
      .then((response) => response.text())
      .catch((error: Error) => error.name)
  const asked = [true, false, true, false].map(ask)
  while ((await metricOf(served, 'requests_running')) < 4) await new Promise((resolve) => setTimeout(resolve, 2))
  controller.abort()
  assert.deepEqual(await Promise.all(asked), Array(4).fill('AbortError'))
  for (let i = 0; i < 200 && (await metricOf(served, 'requests_running')) > 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual([await metricOf(served, 'requests_running'), await metricOf(served, 'requests_waiting')], [0, 0])
  assert.equal((await metricOf(served, 'cancelled_total')) - before, 4)
})
