/** The official client of OpenAI's API, and plain HTTP, against the real command. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import OpenAI, { APIError } from 'openai'
import { openHost } from '../../src/engine/host/engine.js'
import { createScorer } from '../../src/evaluate/index.js'
import { generate, loadModel, type GenerateOptions, type LoadedModel } from '../../src/generate/index.js'
import { loadTokenizer, type Tokenizer } from '../../src/tokenizer/index.js'
import { makeServeWorld, post, startServe, type Served, type World } from './world.js'

let world: World
let served: Served
let client: OpenAI
let model: LoadedModel
let tokenizer: Tokenizer
const PROMPT = 'the state of 日本'
const TEMPLATE = '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:'

before(async () => {
  world = await makeServeWorld()
  writeFileSync(join(world.model, 'chat_template.jinja'), TEMPLATE)
  served = await startServe(world.model)
  client = new OpenAI({ baseURL: `${served.url}/v1`, apiKey: 'none', maxRetries: 0 })
  model = await loadModel(openHost(), world.model)
  tokenizer = await loadTokenizer(world.model)
})
after(async () => {
  await served.stop()
  world.remove()
})

/** The text that the library makes in this process, on another engine. */
async function expected(prompt: string, options: GenerateOptions): Promise<string> {
  const eos = tokenizer.idOf('<|endoftext|>')!
  const ids: number[] = []
  for await (const [id] of generate(model, [tokenizer.encode(prompt)], { ...options, stopIds: [eos] })) ids.push(id!)
  return tokenizer.decode(ids.filter((id) => id !== eos && id < tokenizer.vocabSize))
}

test('completions: the tokens of the library, with the same seed and options', async () => {
  for (const [temperature, top_k, top_p, seed] of [
    [0, 0, 1, 0],
    [0.8, 40, 1, 7],
    [1.2, 0, 0.9, 2 ** 40],
  ]) {
    const options = { prompt: PROMPT, max_tokens: 40, temperature, top_p, seed }
    const {
      choices,
      usage,
      object,
      model: name,
    } = (await client.completions.create({ model: 'tiny', ...options, top_k } as never)) as OpenAI.Completion
    const text = await expected(PROMPT, { temperature, topK: top_k, topP: top_p, seed, maxTokens: 40 })
    assert.deepEqual([object, name, choices.length, choices[0].text], ['text_completion', 'tiny', 1, text])
    assert.equal(usage!.prompt_tokens, tokenizer.encode(PROMPT).length)
    assert.equal(usage!.total_tokens, usage!.prompt_tokens + usage!.completion_tokens)
    assert.match(choices[0].finish_reason, /^(stop|length)$/)
  }
})

test('streamed: the same text in whole characters, then the reason, the usage and [DONE]', async () => {
  const options = { model: 'tiny', prompt: PROMPT, max_tokens: 60, seed: 3, n: 2, logprobs: 2 }
  const whole = await client.completions.create(options)
  const stream = await client.completions.create({ ...options, stream: true, stream_options: { include_usage: true } })
  const texts = ['', '']
  const reasons: unknown[] = [null, null]
  const tokens: string[][] = [[], []]
  const offsets: number[][] = [[], []]
  let usage: unknown
  for await (const chunk of stream) {
    for (const { index, text, finish_reason: reason, logprobs } of chunk.choices) {
      assert.equal(reasons[index], null, 'nothing follows the reason')
      texts[index] += text
      reasons[index] = reason
      tokens[index].push(...logprobs!.tokens!)
      offsets[index].push(...logprobs!.text_offset!)
    }
    if (chunk.choices.length === 0) usage = chunk.usage
    else assert.equal(chunk.usage, null)
  }
  assert.deepEqual(
    texts,
    whole.choices.map(({ text }) => text),
  )
  assert.deepEqual(
    reasons,
    whole.choices.map(({ finish_reason: reason }) => reason),
  )
  assert.deepEqual(
    tokens,
    whole.choices.map(({ logprobs }) => logprobs!.tokens),
  )
  assert.deepEqual(
    offsets,
    whole.choices.map(({ logprobs }) => logprobs!.text_offset),
  )
  assert.deepEqual(usage, whole.usage)
  const { text } = await post(`${served.url}/v1/completions`, { prompt: PROMPT, max_tokens: 2, stream: true })
  assert.match(text, /^data: \{[^\n]*\}\n\n[^]*\n\ndata: \[DONE\]\n\n$/)
})

test('a list of prompts gives the choices of each, as when asked alone', async () => {
  const options = { model: 'tiny', max_tokens: 12, seed: 5, n: 2 }
  const prompts = ['the people', PROMPT, 'law']
  const { choices, usage } = await client.completions.create({ ...options, prompt: prompts })
  assert.deepEqual(
    choices.map(({ index }) => index),
    [0, 1, 2, 3, 4, 5],
  )
  for (const [i, prompt] of prompts.entries()) {
    const alone = await client.completions.create({ ...options, prompt: Array.from(tokenizer.encode(prompt)) })
    assert.deepEqual(
      choices.slice(2 * i, 2 * i + 2).map(({ text }) => text),
      alone.choices.map(({ text }) => text),
    )
  }
  assert.notEqual(choices[0].text, choices[1].text)
  assert.equal(
    usage!.prompt_tokens,
    prompts.reduce((sum, prompt) => sum + tokenizer.encode(prompt).length, 0),
  )
})

/** log softmax of the logits after each prefix. */
async function logProbabilities(ids: readonly number[]): Promise<Float64Array[]> {
  const rows: Float64Array[] = []
  for (let length = 1; length <= ids.length; length++) {
    const onLogits = (logits: Float32Array) => {
      const sum = logits.reduce((total, x) => total + Math.exp(x), 0)
      rows.push(Float64Array.from(logits, (x) => x - Math.log(sum)))
    }
    for await (const _ of generate(model, [ids.slice(0, length)], { maxTokens: 1, onLogits }));
  }
  return rows
}

test('echo gives the probabilities of the prompt and of one token after it, as evaluations need them', async () => {
  const ids = [...tokenizer.encode(PROMPT)]
  const rows = await logProbabilities(ids)
  for (const [logprobs, max_tokens] of [
    [1, 1],
    [0, 1],
    [20, 1],
    [5, 0],
  ]) {
    const request = { prompt: [ids, ids.slice(0, 3)], max_tokens, temperature: 0, logprobs, seed: 1234, echo: true }
    const { json } = await post(`${served.url}/v1/completions`, { model: 'tiny', ...request })
    for (const [i, { text, index, logprobs: scores }] of json.choices.entries()) {
      const given = request.prompt[i]
      assert.equal(index, i)
      assert.ok(text.startsWith(tokenizer.decode(given)), text)
      for (const list of ['tokens', 'token_logprobs', 'top_logprobs', 'text_offset'])
        assert.equal(scores[list].length, given.length + max_tokens, list)
      assert.deepEqual([scores.token_logprobs[0], scores.top_logprobs[0]], [null, null])
      for (let at = 1; at < given.length + max_tokens; at++) {
        const row = rows[at - 1]
        const top = scores.top_logprobs[at] as Record<string, number>
        const values = Object.values(top)
        const own = scores.token_logprobs[at]
        // The chosen token is in the map with the same double; it is one more if it is not among the most likely.
        assert.equal(top[scores.tokens[at]], own)
        const most = Array.from(row)
          .sort((a, b) => b - a)
          .slice(0, logprobs)
        assert.ok(values.length === logprobs || values.length === logprobs + 1)
        for (const [rank, value] of most.entries())
          assert.ok(Math.abs(values.toSorted((a, b) => b - a)[rank] - value) < 1e-5)
        if (at < given.length) assert.ok(Math.abs(own - row[given[at]]) < 1e-5)
        else if (logprobs > 0) assert.equal(own, Math.max(...values), 'the new token is the most likely')
      }
    }
  }
})

test('the scores of neomesh eval are those of the server', async (t) => {
  const texts = ['the state of the union', 'law and peace, our people', '日本 naïve', 'war '.repeat(40)]
  const prompts = texts.map((text) => Int32Array.from(tokenizer.encode(text)))
  const passages = prompts.map((ids) => ({ ids, scored: ids.slice(1).map((_, i) => i + 1) }))
  const scores = await createScorer(model.engine, model.model)(model.parameters, passages)
  const request = {
    prompt: prompts.map((ids) => Array.from(ids)),
    max_tokens: 1,
    temperature: 0,
    logprobs: 1,
    echo: true,
  }
  const { json } = await post(`${served.url}/v1/completions`, request)
  let largest = 0
  for (const [i, { logProbabilities, greedy }] of scores.entries()) {
    const { token_logprobs: own, top_logprobs: top } = json.choices[i].logprobs
    assert.equal(own.length, prompts[i].length + 1)
    for (const [at, value] of logProbabilities.entries()) {
      largest = Math.max(largest, Math.abs(own[at + 1] - value))
      assert.equal(own[at + 1] === Math.max(...(Object.values(top[at + 1]) as number[])), greedy[at] === 1)
    }
  }
  t.diagnostic(`largest difference ${largest.toExponential(1)}`)
  assert.ok(largest < 1e-5, String(largest))
})

test('text_offset counts characters; parts of a character and ids without text have names of their own', async () => {
  const ids = [...tokenizer.encode('naïve 日本'), 310, 311]
  const { json } = await post(`${served.url}/v1/completions`, { prompt: ids, max_tokens: 0, echo: true, logprobs: 0 })
  const { tokens, text_offset: offsets } = json.choices[0].logprobs
  assert.equal(json.choices[0].text, 'naïve 日本')
  assert.deepEqual(tokens.slice(-2), ['token_id:310', 'token_id:311'])
  const characters = Array.from('naïve 日本')
  for (const [i, token] of (tokens as string[]).slice(0, -2).entries())
    if (!token.startsWith('bytes:'))
      assert.equal(characters.slice(offsets[i], offsets[i] + Array.from(token).length).join(''), token)
  const all = await post(`${served.url}/v1/completions`, { prompt: ids, max_tokens: 8, logprobs: 20, seed: 1 })
  for (const top of all.json.choices[0].logprobs.top_logprobs) assert.ok(Object.keys(top).length >= 20)
})

test('stop texts end the answer also across tokens, and no part of one is streamed', async () => {
  const text = await expected(PROMPT, { temperature: 0.9, seed: 11, maxTokens: 60 })
  const characters = Array.from(text)
  for (const at of [5, 11, 17]) {
    const stop = characters.slice(at, at + 4).join('')
    const options = { prompt: PROMPT, temperature: 0.9, seed: 11, max_tokens: 60, stop: ['never', stop] }
    const { json } = await post(`${served.url}/v1/completions`, options)
    const before = text.slice(0, text.indexOf(stop))
    assert.deepEqual([json.choices[0].text, json.choices[0].finish_reason], [before, 'stop'])
    const stream = await client.completions.create({ model: 'tiny', ...options, stream: true })
    let streamed = ''
    for await (const { choices } of stream) {
      streamed += choices[0].text
      assert.ok(before.startsWith(streamed), JSON.stringify([before, streamed]))
    }
    assert.equal(streamed, before)
  }
})

test('logit_bias, penalties, top_k and min_p change what is sampled', async () => {
  const ask = async (options: object) =>
    (await post(`${served.url}/v1/completions`, { prompt: 'the', max_tokens: 8, seed: 2, ...options })).json.choices[0]
      .text
  const id = tokenizer.encode('law')[0]
  assert.equal(await ask({ logit_bias: { [id]: 100 } }), tokenizer.decode(Array(8).fill(id)))
  const greedy = await ask({ temperature: 0 })
  assert.equal(await ask({ top_k: 1 }), greedy)
  assert.equal(await ask({ min_p: 1 }), greedy)
  const forced = { logit_bias: { [id]: 4 }, temperature: 0.5, max_tokens: 40 }
  const repeated = await ask(forced)
  for (const penalty of ['presence_penalty', 'frequency_penalty'])
    assert.notEqual(await ask({ ...forced, [penalty]: 2 }), repeated)
  assert.notEqual(await ask({ ...forced, repetition_penalty: 5 }), repeated)
})

test('chat completions, whole and streamed, by the template', async () => {
  const messages = [{ role: 'user' as const, content: 'the law' }]
  const options = { model: 'tiny', messages, seed: 4, max_tokens: 20, logprobs: true, top_logprobs: 3 }
  const { choices, usage } = await client.chat.completions.create(options)
  const prompt = 'user: the law\nassistant:'
  assert.equal(choices[0].message.content, await expected(prompt, { seed: 4, maxTokens: 20 }))
  assert.equal(choices[0].message.role, 'assistant')
  assert.equal(usage!.prompt_tokens, tokenizer.encode(prompt).length)
  const scores = choices[0].logprobs!.content!
  assert.equal(scores.length, 20)
  for (const { token, bytes, top_logprobs: top } of scores) {
    assert.equal(top.length, 3)
    if (!token.startsWith('bytes:') && !token.startsWith('token_id:'))
      assert.equal(Buffer.from(bytes!).toString(), token)
  }
  let text = ''
  let roles = 0
  for await (const chunk of await client.chat.completions.create({ ...options, stream: true })) {
    const [{ delta }] = chunk.choices
    text += delta.content ?? ''
    if (delta.role) roles++
  }
  assert.deepEqual([text, roles], [choices[0].message.content, 1])
})

test('models and errors, as the client of OpenAI has them', async () => {
  const { data } = await client.models.list()
  assert.deepEqual(
    data.map(({ id }) => id),
    ['tiny'],
  )
  assert.equal((await client.models.retrieve('tiny')).id, 'tiny')
  // Each is asked when its turn comes: an answer that nobody awaits yet would be an unhandled rejection.
  const cases: [() => Promise<unknown>, number, string | null, string | null, RegExp][] = [
    [() => client.models.retrieve('other'), 404, 'model_not_found', 'model', /model must be "tiny"/],
    [
      () => client.completions.create({ model: 'gpt-4', prompt: 'a' }),
      404,
      'model_not_found',
      'model',
      /\(got "gpt-4"\)/,
    ],
    [
      () => client.completions.create({ model: 'tiny', prompt: 'a', temperature: -1 }),
      400,
      null,
      'temperature',
      /temperature must be/,
    ],
    [
      () => client.completions.create({ model: 'tiny', prompt: 'law '.repeat(200) }),
      400,
      'context_length_exceeded',
      'prompt',
      /context of 128/,
    ],
    [
      () => client.completions.create({ model: 'tiny', prompt: 'a', max_tokens: 128, stream: true }),
      400,
      'context_length_exceeded',
      'max_tokens',
      /Shorten/,
    ],
    [
      () => client.completions.create({ model: 'tiny', prompt: 'a', suffix: 'b' }),
      400,
      'unsupported_parameter',
      'suffix',
      /suffix/,
    ],
    [() => client.embeddings.create({ model: 'tiny', input: 'a' }), 404, 'not_found', null, /no such path/],
  ]
  for (const [ask, status, code, param, message] of cases)
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof APIError, String(error))
      assert.deepEqual(
        [error.status, error.code, error.param, error.type],
        [status, code, param, 'invalid_request_error'],
      )
      assert.match(error.message, message)
      return true
    })
})

test('the tokenizer over HTTP, as lm-evaluation-harness asks for it', async () => {
  const text = 'naïve <|endoftext|>日本'
  const { json } = await post(`${served.url}/tokenize`, { prompt: text, add_special_tokens: false })
  assert.deepEqual(json.tokens, Array.from(tokenizer.encode(text)))
  const back = await post(`${served.url}/detokenize`, { tokens: json.tokens })
  assert.deepEqual(back.json, { prompt: text })
  const info = (await (await fetch(`${served.url}/tokenizer_info`)).json()) as Record<string, unknown>
  assert.deepEqual([info.eos_token, info.bos_token, info.chat_template], ['<|endoftext|>', '<|endoftext|>', TEMPLATE])
  const wrong = await post(`${served.url}/detokenize`, { tokens: [1, 300] })
  assert.deepEqual([wrong.status, wrong.json.error.param], [400, 'tokens'])
})

test('health, metrics in the text format of Prometheus, and neither prompt nor answer in the log', async () => {
  const health = await fetch(`${served.url}/health`)
  assert.deepEqual([health.status, await health.json()], [200, { status: 'ok' }])
  const metrics = await fetch(`${served.url}/metrics`)
  assert.match(metrics.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
  const lines = (await metrics.text()).trim().split('\n')
  for (const line of lines) assert.match(line, /^(# (HELP|TYPE) neomesh_\w+ .+|neomesh_\w+(\{[^{}]*\})? [\d.e+-]+)$/)
  for (const name of [
    'requests_running 0',
    'requests_waiting 0',
    'slots 8',
    'requests_total{endpoint="/v1/completions",status="200"}',
  ])
    assert.ok(
      lines.some((line) => line.startsWith(`neomesh_${name}`)),
      name,
    )
  assert.doesNotMatch(served.stdout() + served.stderr(), /state|law|日本/)
})
