/**
 * Times greedy generation with cached keys and values; one line of JSON, in the fields of bench/peers/generate.py.
 * node dist/bench/generate.js --shape 125m --batch 8 [--prompt 64 --new 128 --runs 3] [--slots 8] [--dtype bf16]
 * With --slots the rows are requests to an engine of slots, all at once, without cached prefixes.
 */
import { parseArgs } from 'node:util'
import { openXla } from '../src/engine/index.js'
import { generate, SlotEngine } from '../src/generate/index.js'
import { loadParameters } from '../src/generate/parameters.js'
import { configOf, deviceMegabytes, memory, platformOf, SHAPES, tokens, weights } from './work.js'

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string', default: 'small' },
    batch: { type: 'string', default: '1' },
    prompt: { type: 'string', default: '64' },
    new: { type: 'string', default: '128' },
    runs: { type: 'string', default: '3' },
    slots: { type: 'string' },
    dtype: { type: 'string', default: 'f32' },
    device: { type: 'string', default: 'cpu' },
  },
})
const shape = { ...SHAPES[options.shape], batch: Number(options.batch) }
const [prompt, made] = [Number(options.prompt), Number(options.new)]
const bf16 = options.dtype === 'bf16'
const config = configOf(shape)
const engine = await openXla({ platform: platformOf(options.device) })
const model = await loadParameters(
  engine,
  config,
  (name, stored) =>
    Promise.resolve(
      weights(
        name,
        stored.reduce((a, b) => a * b, 1),
        stored.length,
      ),
    ),
  bf16 ? 'bf16' : 'f32',
)
const ids = tokens(shape, 0, prompt)
const prompts = Array.from({ length: shape.batch }, (_, row) => ids.subarray(row * prompt, (row + 1) * prompt))

const slots = options.slots ? new SlotEngine(model, { slots: Number(options.slots), prefixBytes: 0 }) : null

interface Run {
  readonly ms: number
  readonly firstMs: number
  /** Processor time. */
  readonly cpuMs: number
  readonly ids: number[][]
}

async function run(): Promise<Run> {
  const start = performance.now()
  const before = process.cpuUsage()
  let firstMs = 0
  const rows: number[][] = prompts.map(() => [])
  const request = { temperature: 0, maxTokens: made }
  if (slots)
    await Promise.all(
      prompts.map(async (each, row) => {
        for await (const event of slots.submit({ ...request, prompt: each })) {
          firstMs ||= performance.now() - start
          if (event.kind === 'token') rows[row].push(event.id)
        }
      }),
    )
  else
    for await (const tokens of generate(model, prompts, request)) {
      firstMs ||= performance.now() - start
      tokens.forEach((id, row) => rows[row].push(id!))
    }
  const { user, system } = process.cpuUsage(before)
  return { ms: performance.now() - start, firstMs, cpuMs: (user + system) / 1000, ids: rows }
}

const first = await run()
const runs = []
for (let i = 0; i < Number(options.runs); i++) runs.push(await run())
console.log(
  JSON.stringify({
    impl: `neomesh${slots ? ` ${options.slots} slots` : ''}${bf16 ? ' bf16' : ''}`,
    shape: options.shape,
    batch: shape.batch,
    prompt,
    new: made,
    run_ms: runs.map(({ ms }) => ms),
    first_token_ms: runs.map(({ firstMs }) => firstMs),
    cpu_ms: runs.map(({ cpuMs }) => cpuMs),
    first_run_s: first.ms / 1000,
    device: options.device,
    device_kind: engine.client.devices[0].kind,
    device_mb: deviceMegabytes(engine),
    peak_mb: memory().peak,
    ids_head: first.ids[0].slice(0, 8),
    checksum: first.ids.flat().reduce((a, b) => a + b, 0),
  }),
)
await slots?.close()
await engine.close()
