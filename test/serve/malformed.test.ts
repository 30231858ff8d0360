/** 300 requests that are wrong, from sockets: each gets a JSON error, and the server stays as it was. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { malformedRequests } from './malformed-requests.js'
import { makeServeWorld, post, startServe, type Served, type World } from './world.js'

let world: World
let served: Served
before(async () => {
  world = await makeServeWorld()
  served = await startServe(world.model)
})
after(async () => {
  await served.stop()
  world.remove()
})

/** All that the server writes to a connection on which these bytes come. */
function exchange(bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(served.url)
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.setTimeout(20_000, () => reject(new Error(`no answer, after ${JSON.stringify(answer)}`)))
    socket.on('data', (text: string) => {
      answer += text
      if (isComplete(answer)) socket.destroy()
    })
    socket.on('error', () => {}) // a reset after the answer
    socket.on('close', () => resolve(answer))
  })
}

function isComplete(answer: string): boolean {
  const [head, body] = answer.split('\r\n\r\n')
  const [, length] = /^content-length: (\d+)$/im.exec(head) ?? []
  return body !== undefined && length !== undefined && Buffer.byteLength(body) >= Number(length)
}

/** What a request that is right gets: equal before and after. */
async function rightAnswer(): Promise<unknown> {
  const { json } = await post(`${served.url}/v1/completions`, {
    prompt: 'the state',
    max_tokens: 20,
    seed: 9,
    logprobs: 1,
  })
  return json.choices
}

const metric = async (name: string) => {
  const text = await (await fetch(`${served.url}/metrics`)).text()
  return Number(new RegExp(`^neomesh_${name} (.*)$`, 'm').exec(text)![1])
}

test('300 malformed requests: a JSON error each, no stack trace, no crash, no leak', async () => {
  const before = await rightAnswer()
  const memory = await metric('resident_memory_bytes')
  const requests = malformedRequests(300, 2026)
  const statuses = new Map<number, number>()
  for (let i = 0; i < requests.length; i += 10)
    await Promise.all(
      requests.slice(i, i + 10).map(async ({ kind, bytes }) => {
        const answer = await exchange(bytes)
        const said = `${kind}: ${JSON.stringify(bytes.toString('latin1', 0, 200))} got ${JSON.stringify(answer.slice(0, 600))}`
        const [head, body] = answer.split('\r\n\r\n')
        const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? []
        assert.ok(Number(status) >= 400 && Number(status) < 500, said)
        statuses.set(Number(status), (statuses.get(Number(status)) ?? 0) + 1)
        assert.match(head, /^content-type: application\/json/im, said)
        const { error, ...rest } = parsed(body, said)
        assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code'], said)
        assert.deepEqual(rest, {}, said)
        assert.ok(error.message.length > 5 && error.message.length < 400, said)
        assert.doesNotMatch(body, /\\n|node:|\.js\b|at \w+ \(/, said)
      }),
    )
  // All kinds of refusal have come up.
  for (const status of [400, 403, 404, 405, 413, 415, 417, 431]) assert.ok(statuses.has(status), `no ${status}`)
  assert.deepEqual(await rightAnswer(), before)
  assert.deepEqual([await metric('requests_running'), await metric('requests_waiting')], [0, 0])
  assert.equal(served.stderr(), '')
  const grown = (await metric('resident_memory_bytes')) - memory
  assert.ok(grown < 200e6, `${grown} bytes more`)
})

test('a request that never ends, and connections that say nothing, leave the server answering', async () => {
  const { hostname, port } = new URL(served.url)
  const sockets = Array.from({ length: 50 }, (_, i) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      if (i % 2 === 0) socket.write('POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{')
    })
    return socket.on('error', () => {})
  })
  await rightAnswer()
  for (const socket of sockets) socket.destroy()
  await rightAnswer()
  assert.equal(served.stderr(), '')
})

function parsed(body: string, said: string) {
  try {
    return JSON.parse(body) as { error: { message: string } }
  } catch {
    assert.fail(said)
  }
}
