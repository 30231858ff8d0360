/** Who may ask: the key, other sites, what is open; and health while the model loads. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { openHost } from '../../src/engine/host/engine.js'
import { DeviceArray } from '../../src/engine/index.js'
import { loadModel, type LoadedModel } from '../../src/generate/index.js'
import { openServedModel, serve, startServer } from '../../src/serve/index.js'
import { makeServeWorld, post, type World } from './world.js'

let world: World
let model: LoadedModel
before(async () => {
  world = await makeServeWorld()
  model = await loadModel(openHost(), world.model)
})
after(() => world.remove())

/** A GET with any headers, which fetch would not send. */
function get(url: string, headers: Record<string, string>): Promise<{ status: number; body: string; headers: object }> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }))
    })
      .on('error', reject)
      .end()
  })
}

test('with a key every path wants it, but health and the page; the key is nowhere in what is said', async () => {
  const key = 'a-secret-of-this-test'
  const server = await serve(model, { key })
  try {
    for (const path of ['/health', '/', '/page.js', '/style.css'])
      assert.equal((await fetch(server.url + path)).status, 200)
    for (const path of ['/v1/models', '/metrics', '/tokenizer_info', '/v1/models/tiny', '/nothing'])
      for (const authorization of [
        '',
        'Bearer',
        'Bearer ',
        `Basic ${key}`,
        `Bearer ${key}x`,
        `Bearer ${key.slice(1)}`,
        key,
      ]) {
        const { status, body, headers } = await get(server.url + path, authorization === '' ? {} : { authorization })
        assert.equal(status, 401, `${path} ${authorization}`)
        const { error } = JSON.parse(body)
        assert.deepEqual([error.type, error.code], ['authentication_error', 'invalid_api_key'])
        assert.equal((headers as Record<string, string>)['www-authenticate'], 'Bearer')
        assert.doesNotMatch(body, /secret/)
      }
    const authorization = `Bearer ${key}`
    assert.equal((await get(`${server.url}/v1/models`, { authorization })).status, 200)
    const { status } = await post(`${server.url}/v1/completions`, { prompt: 'the', max_tokens: 2 }, { authorization })
    assert.equal(status, 200)
  } finally {
    await server.close()
  }
  for (const wrong of ['', 'a b', 'ä', 'a\n'])
    await assert.rejects(serve(model, { key: wrong }), /^RangeError: key must have visible ASCII characters only/)
})

test('pages of other sites have no access, by their origin or by a name that leads here', async () => {
  const server = await serve(model)
  const { port } = new URL(server.url)
  try {
    const cases: [Record<string, string>, number][] = [
      [{}, 200],
      [{ host: `localhost:${port}` }, 200],
      [{ host: '127.0.0.1' }, 200],
      [{ host: '[::1]:80' }, 200],
      [{ host: `localhost:${port}`, origin: `http://localhost:${port}` }, 200],
      [{ host: 'evil.example' }, 403],
      [{ host: `evil.example:${port}`, origin: `http://evil.example:${port}` }, 403],
      [{ host: '127.0.0.1.evil.example' }, 403],
      [{ origin: 'https://evil.example' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: 'http://localhost:1' }, 403],
    ]
    for (const [headers, status] of cases) {
      const answer = await get(`${server.url}/v1/models`, headers)
      assert.equal(answer.status, status, JSON.stringify(headers))
      assert.ok(!Object.keys(answer.headers).some((name) => name.startsWith('access-control')))
      if (status === 403) assert.equal(JSON.parse(answer.body).error.code, 'other_site')
    }
    // What a form of another page can send is not read.
    const form = await post(`${server.url}/v1/completions`, '{"prompt":"a"}', { 'content-type': 'text/plain' })
    assert.equal(form.status, 415)
  } finally {
    await server.close()
  }
})

test('the page may load its own files only, and be framed only where that was asked for', async () => {
  for (const framed of [false, true]) {
    const server = await serve(model, { framed })
    try {
      const { headers } = await fetch(server.url)
      const policy = headers.get('content-security-policy')!
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; /)
      assert.match(policy, framed ? /frame-ancestors 'self' http:\/\/localhost:\*/ : /frame-ancestors 'none'$/)
      assert.doesNotMatch(policy, /unsafe|\*(?!:| |$)/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
    } finally {
      await server.close()
    }
  }
})

test('while the model loads, health and the API are 503; a load that fails is thrown', async () => {
  let load!: () => void
  const loading = new Promise<void>((resolve) => (load = resolve))
  const server = await startServer(() => loading.then(() => openServedModel(model)))
  const health = async () => {
    const response = await fetch(`${server.url}/health`)
    return [response.status, await response.json()]
  }
  assert.deepEqual(await health(), [503, { status: 'loading' }])
  const early = await post(`${server.url}/v1/completions`, { prompt: 'the' })
  assert.deepEqual([early.status, early.json.error.code, early.headers.get('retry-after')], [503, 'loading', '1'])
  load()
  await server.ready
  assert.deepEqual(await health(), [200, { status: 'ok' }])

  const { port } = new URL(server.url)
  await assert.rejects(serve(model, { port: Number(port) }), {
    name: 'ServeError',
    message: `cannot listen on 127.0.0.1:${port}: another process uses this port. Choose another one`,
  })
  await server.close()
  const failing = await startServer(() => Promise.reject(new Error('damaged')))
  await assert.rejects(failing.ready, /damaged/)
  await failing.close()
  await assert.rejects(
    serve(model, { port: 70000 }),
    /^RangeError: port must be an integer >= 0 and <= 65535 \(got 70000\)/,
  )
})

test('a run gives its name to its checkpoints; weights that are not finite are an error of the server', async () => {
  const errors: unknown[] = []
  const bias = 'gpt2/ln_f/b'
  const { dims } = model.parameters[bias]
  const broken = DeviceArray.from(model.engine, new Float32Array(24).fill(NaN), dims, 'f32')
  const damaged = {
    ...model,
    parameters: { ...model.parameters, [bias]: broken },
    folder: 'my/run/checkpoints/step-00000010',
  }
  await assert.rejects(serve(damaged, { tokenizer: world.model }), { name: 'LogitsError', message: /must be finite/ })
  // Weights may also be damaged where the first programs do not read them.
  const served = await openServedModel(damaged, { tokenizer: world.model })
  served.engine.warmUp = () => Promise.resolve()
  const server = await startServer(() => Promise.resolve(served), { onError: (error) => errors.push(error) })
  try {
    await server.ready
    const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] }
    assert.equal(data[0].id, 'run')
    for (const stream of [false, true]) {
      const { status, text } = await post(`${server.url}/v1/completions`, { prompt: 'the', stream })
      const { error } = JSON.parse(stream ? text.trim().split('\n').at(-1)!.slice('data: '.length) : text)
      assert.deepEqual([status, error.type, error.code], [stream ? 200 : 500, 'server_error', 'bad_logits'])
      assert.match(error.message, /must be finite/)
    }
    assert.deepEqual(
      errors.map((error) => (error as Error).name),
      ['LogitsError', 'LogitsError'],
    )
  } finally {
    await server.close()
  }
})
