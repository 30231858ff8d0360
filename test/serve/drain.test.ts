/** SIGTERM and Ctrl-C to a server that is answering. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openHost } from '../../src/engine/host/engine.js'
import { loadModel } from '../../src/generate/index.js'
import { serve } from '../../src/serve/index.js'
import { metricOf } from './mixed-clients.js'
import { makeServeWorld, post, startServe, type World } from './world.js'

let world: World
before(async () => {
  world = await makeServeWorld()
})
after(() => world.remove())

const LONG = { prompt: 'the', max_tokens: 120, temperature: 0.7, logit_bias: { 0: -100 } }

/** The events of a stream, until the connection ends. */
async function streamed(url: string, body: object): Promise<string[]> {
  const { text } = await post(`${url}/v1/completions`, { ...body, stream: true })
  return text.split('\n\n').filter((event) => event !== '')
}

test('SIGTERM under load: running and waiting answers finish, new ones are refused, the status is 143', async () => {
  const served = await startServe(world.model, ['--slots', '2'])
  await post(`${served.url}/v1/completions`, { ...LONG, max_tokens: 2 }) // compiles
  const expected = await post(`${served.url}/v1/completions`, { ...LONG, seed: 3 })
  const whole = Array.from({ length: 3 }, () => post(`${served.url}/v1/completions`, { ...LONG, seed: 3 }))
  const streams = Array.from({ length: 3 }, () => streamed(served.url, { ...LONG, seed: 3 }))
  while ((await metricOf(served, 'requests_running')) + (await metricOf(served, 'requests_waiting')) < 6);
  const ended = served.stop('SIGTERM')
  for (const { status, json } of await Promise.all(whole)) {
    assert.equal(status, 200)
    assert.deepEqual(json.choices, expected.json.choices)
  }
  for (const events of await Promise.all(streams)) {
    assert.equal(events.at(-1), 'data: [DONE]')
    const text = events.slice(0, -1).map((event) => JSON.parse(event.slice(6)).choices[0].text)
    assert.equal(text.join(''), expected.json.choices[0].text)
  }
  assert.equal(await ended, 143)
  assert.equal(served.stderr(), 'stopping: running answers may finish\n')
  await assert.rejects(fetch(`${served.url}/health`))
})

test('Ctrl-C on an idle server ends it at once with 130; a second signal ends a busy one', async () => {
  const idle = await startServe(world.model)
  const began = performance.now()
  assert.equal(await idle.stop('SIGINT'), 130)
  assert.ok(performance.now() - began < 10_000)

  const busy = await startServe(world.model)
  const answers = Array.from({ length: 20 }, () => streamed(busy.url, { ...LONG, n: 10 }).catch(() => []))
  while ((await metricOf(busy, 'requests_running')) < 8);
  const ended = busy.stop('SIGTERM')
  while (busy.stderr() === '') await new Promise((resolve) => setTimeout(resolve, 5))
  busy.child.kill('SIGINT')
  assert.equal(await ended, 130)
  await Promise.all(answers)
})

test('close(): answers that do not finish in time end with an error that says so', async () => {
  const model = await loadModel(openHost(), world.model)
  const server = await serve(model, { slots: 2 })
  const body = { ...LONG, n: 20 }
  const whole = post(`${server.url}/v1/completions`, body)
  // Its headers come when it has been taken.
  const streaming = await fetch(`${server.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  })
  while ((await metricOf(server, 'requests_waiting')) < 2 * 20 - 2)
    await new Promise((resolve) => setTimeout(resolve, 5))
  await server.close(200)
  const { status, json } = await whole
  assert.deepEqual([status, json.error.code, json.error.type], [503, 'shutting_down', 'server_error'])
  const events = (await streaming.text()).split('\n\n').filter((event) => event !== '')
  const last = JSON.parse(events.at(-1)!.slice('data: '.length))
  assert.deepEqual(last, {
    error: {
      message: 'the server stopped before the answer was complete',
      type: 'server_error',
      param: null,
      code: 'shutting_down',
    },
  })
  await server.close() // again: nothing to do
})
