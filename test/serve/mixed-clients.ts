/** Clients of all kinds at the same time: what each gets is what it gets alone. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { randomIntegers } from './malformed-requests.js'
import { post, type Served } from './world.js'

type Kind = 'whole' | 'streamed' | 'slow' | 'cancelled' | 'wrong'

interface Client {
  readonly kind: Kind
  readonly path: string
  readonly body: Record<string, unknown>
}

/** Text and log probabilities of each choice, in an order that whole and streamed answers share. */
type Answer = readonly { text: string; tokens: unknown[]; reason: unknown }[]

const TEXTS = [
  'the state of the union',
  'peace and war',
  'our people',
  '日本 naïve',
  'law',
  'the people and the law of peace',
]

/** Clients made from a seed; some of their prompts begin alike, some are nearly as long as the context of 128. */
export function mixedClients(count: number, seed: number): Client[] {
  const next = randomIntegers(seed)
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]
  const kinds: readonly Kind[] = ['whole', 'streamed', 'slow', 'cancelled', 'wrong', 'streamed', 'whole', 'streamed']
  const beginning = Array.from({ length: 60 }, () => next(300))
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i % kinds.length]
    const long = () => [...beginning.slice(0, 20 + next(40)), ...Array.from({ length: next(40) }, () => next(300))]
    const sampling = {
      temperature: pick([0, 0.7, 1, 1.3]),
      top_k: pick([0, 0, 20]),
      top_p: pick([1, 0.9]),
      seed: next(1e6),
      max_tokens: 1 + next(24),
      frequency_penalty: pick([0, 0, 0.5]),
      stop: pick([null, ' the', ['a', 'e ']]),
    }
    if (kind === 'wrong')
      return { kind, path: '/v1/completions', body: { ...sampling, prompt: pick([[], [[-1]], { a: 1 }]) } }
    if (kind === 'cancelled')
      return { kind, path: '/v1/completions', body: { ...sampling, prompt: long(), max_tokens: 20 } }
    if (i % 7 === 0) {
      const messages = [{ role: 'user', content: pick(TEXTS) }]
      return { kind, path: '/v1/chat/completions', body: { ...sampling, messages, logprobs: true, top_logprobs: 2 } }
    }
    const prompt = i % 3 === 0 ? long() : i % 5 === 0 ? [pick(TEXTS), pick(TEXTS)] : pick(TEXTS)
    const echo = i % 4 === 0
    return {
      kind,
      path: '/v1/completions',
      body: { ...sampling, prompt, echo, n: pick([1, 1, 2]), logprobs: pick([null, 0, 3]) },
    }
  })
}

/** Asks as its kind does; what a client that goes early has got is not looked at. */
export async function askAs({ url }: Served, client: Client): Promise<Answer | 'refused' | 'gone'> {
  const { kind, path, body } = client
  if (kind === 'wrong') {
    const { status, json } = await post(url + path, body)
    assert.deepEqual([status, json.error.type], [400, 'invalid_request_error'])
    return 'refused'
  }
  if (kind === 'whole') return wholeAnswer(url, client)
  const response = kind === 'slow' ? await readSlowly(url, client) : await stream(url, client)
  return response === null ? 'gone' : answerOf(response)
}

/** The answer alone and whole. */
export async function wholeAnswer(url: string, { path, body }: Client): Promise<Answer> {
  const { status, json, text } = await post(url + path, body)
  assert.equal(status, 200, text)
  return json.choices.map(
    (choice: { text?: string; message?: { content: string }; logprobs: unknown; finish_reason: unknown }) => ({
      text: choice.text ?? choice.message!.content,
      tokens: tokensOf(choice.logprobs),
      reason: choice.finish_reason,
    }),
  )
}

/** Streams, and for `cancelled` goes after the first event. */
async function stream(url: string, { kind, path, body }: Client): Promise<string | null> {
  const controller = new AbortController()
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
    signal: controller.signal,
  })
  assert.equal(response.status, 200)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value
    if (kind !== 'cancelled') continue
    controller.abort()
    return null
  }
  return text
}

/** Reads a few hundred bytes at a time, with pauses. */
async function readSlowly(url: string, { path, body }: Client): Promise<string> {
  const { hostname, port } = new URL(url)
  const json = JSON.stringify({ ...body, stream: true })
  const head = ['POST ' + path + ' HTTP/1.0', 'host: 127.0.0.1', 'content-type: application/json']
  const request = `${[...head, `content-length: ${Buffer.byteLength(json)}`].join('\r\n')}\r\n\r\n${json}`
  const socket = connect({ host: hostname, port: Number(port), highWaterMark: 256 } as never, () =>
    socket.write(request),
  )
  const chunks: Buffer[] = []
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  const text = Buffer.concat(chunks).toString()
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}

/** The choices of a stream of events. */
function answerOf(events: string): Answer {
  const data = events.split('\n\n').map((event) => event.replace(/^data: /, ''))
  assert.deepEqual(data.slice(-2), ['[DONE]', ''], events.slice(-300))
  const choices: { text: string; tokens: unknown[]; reason: unknown }[] = []
  for (const event of data.slice(0, -2))
    for (const { index, text, delta, logprobs, finish_reason: reason } of JSON.parse(event).choices) {
      const choice = (choices[index] ??= { text: '', tokens: [], reason: null })
      choice.text += text ?? delta.content ?? ''
      choice.tokens.push(...tokensOf(logprobs))
      choice.reason = reason
      assert.doesNotMatch(text ?? '', /[\ud800-\udbff]$/)
    }
  return choices
}

/** Each token with its scores, of completions and of chat. */
function tokensOf(logprobs: any): unknown[] {
  if (!logprobs) return []
  if (logprobs.content) return logprobs.content
  const { tokens, token_logprobs: own, top_logprobs: top, text_offset: offset } = logprobs
  return tokens.map((token: string, i: number) => [token, own[i], top[i], offset[i]])
}

/** A server's metric. */
export async function metricOf({ url }: Pick<Served, 'url'>, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^neomesh_${name} (.*)$`, 'm').exec(text)![1])
}

/**
 * Asks for all at the same time and compares with each alone, asked one after the other before. Returns bytes of memory that
 * the server has more at its highest, and after.
 */
export async function checkMixedLoad(
  served: Served,
  count: number,
  seed: number,
): Promise<{ highest: number; after: number }> {
  const clients = mixedClients(count, seed)
  const alone = new Map<Client, Answer>()
  for (const client of clients) {
    if (client.kind === 'wrong') continue
    alone.set(client, await wholeAnswer(served.url, client))
  }
  const memory = () => metricOf(served, 'resident_memory_bytes')
  const before = await memory()
  let highest = before
  const watch = setInterval(() => void memory().then((bytes) => (highest = Math.max(highest, bytes))), 100)
  try {
    const answers = await Promise.all(clients.map((client) => askAs(served, client)))
    let compared = 0
    for (const [i, answer] of answers.entries()) {
      if (typeof answer === 'string') continue
      compared++
      assert.deepEqual(answer, alone.get(clients[i]), JSON.stringify(clients[i]))
    }
    assert.ok(compared >= count / 2, `${compared} answers compared`)
  } finally {
    clearInterval(watch)
  }
  // Those that went have left their slots.
  for (let i = 0; i < 100 && (await metricOf(served, 'requests_running')) > 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual([await metricOf(served, 'requests_running'), await metricOf(served, 'requests_waiting')], [0, 0])
  return { highest: highest - before, after: (await memory()) - before }
}
