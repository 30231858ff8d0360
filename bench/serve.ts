/**
 * Times streamed completions of `neomesh serve` with many clients at a time: time to the first token and from one token to the
 * next, p50 and p99; one line of JSON after a table.
 * node dist/bench/serve.js MODEL [--clients 16] [--requests 200] [--tokens 32] [--slots 8], or --url of a server that runs
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: options, positionals } = parseArgs({
  options: {
    url: { type: 'string' },
    clients: { type: 'string', default: '16' },
    requests: { type: 'string', default: '200' },
    tokens: { type: 'string', default: '32' },
    slots: { type: 'string', default: '8' },
  },
  allowPositionals: true,
})
const [clients, requests, tokens] = [options.clients, options.requests, options.tokens].map(Number)

/** Starts the command on a free port. */
async function startServer(model: string): Promise<{ url: string; stop(): void }> {
  const launcher = fileURLToPath(new URL('../../bin/neomesh.mjs', import.meta.url))
  const args = ['serve', model, '--port', '0', '--slots', options.slots, '--queue', String(clients)]
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const text of child.stdout.setEncoding('utf8')) {
    said += text
    const [, url] = /at (http:\S+)\n/.exec(said) ?? []
    if (url !== undefined) return { url, stop: () => child.kill() }
  }
  throw new Error(`neomesh serve ${model} did not start`)
}

const server = options.url ? { url: options.url, stop() {} } : await startServer(positionals[0])
const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: [{ max_model_len: number }] }
const context = data[0].max_model_len

interface Times {
  readonly first: number
  readonly gaps: readonly number[]
}

/** A request with a prompt of 1/16 to 1/2 of the context. */
async function ask(index: number): Promise<Times> {
  const length = Math.max(1, Math.floor((context * (1 + (index % 8))) / 16))
  const prompt = Array.from({ length }, (_, i) => 1 + ((i * 7 + index * 13) % 200))
  const body = { prompt, max_tokens: Math.min(tokens, context - length), seed: index, stream: true }
  const began = performance.now()
  const response = await fetch(`${server.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, logprobs: 0 }),
  })
  if (!response.ok) throw new Error(await response.text())
  let [last, first] = [began, 0]
  const gaps: number[] = []
  let rest = ''
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split('\n\n')
    rest = events.pop()!
    const now = performance.now()
    // An event may have several tokens, and several events may come together.
    const count = events.reduce((sum, event) => sum + (event.match(/"tokens":\[("|\])/)?.[1] === '"' ? 1 : 0), 0)
    for (let i = 0; i < count; i++) {
      if (first === 0) first = now - began
      else gaps.push((now - last) / count)
    }
    if (count > 0) last = now
  }
  return { first, gaps }
}

const quantile = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]

for (let i = 0; i < 8; i++) await ask(i) // compiles
const all: Times[] = []
let next = 0
const began = performance.now()
await Promise.all(
  Array.from({ length: clients }, async () => {
    while (next < requests) all.push(await ask(next++))
  }),
)
const seconds = (performance.now() - began) / 1000
server.stop()
const firsts = all.map(({ first }) => first).sort((a, b) => a - b)
const gaps = all.flatMap((each) => each.gaps).sort((a, b) => a - b)
const rate = (firsts.length + gaps.length) / seconds
const row = (name: string, times: readonly number[]) =>
  console.log(`| ${name} | ${quantile(times, 0.5).toFixed(1)} | ${quantile(times, 0.99).toFixed(1)} |`)
console.log(
  `${requests} requests of ${clients} clients, ${rate.toFixed(0)} tokens/s\n\n| ms | p50 | p99 |\n|---|---|---|`,
)
row('to the first token', firsts)
row('from token to token', gaps)
const figures = (times: readonly number[]) => ({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) })
console.log(JSON.stringify({ clients, requests, rate, first_ms: figures(firsts), token_ms: figures(gaps) }))
