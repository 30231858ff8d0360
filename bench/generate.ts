/**
 * Times greedy generation with cached keys and values; one line of JSON, in the fields of bench/peers/generate.py.
 * node dist/bench/generate.js --shape 125m --batch 8 [--prompt 64 --new 128 --runs 3]
 */
import { parseArgs } from 'node:util'
import { DeviceArray, openXla } from '../src/engine/index.js'
import { generate, type LoadedModel } from '../src/generate/index.js'
import { GptNeo } from '../src/model/index.js'
import { configOf, memory, SHAPES, tokens, weights } from './work.js'

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string', default: 'small' },
    batch: { type: 'string', default: '1' },
    prompt: { type: 'string', default: '64' },
    new: { type: 'string', default: '128' },
    runs: { type: 'string', default: '3' },
  },
})
const shape = { ...SHAPES[options.shape], batch: Number(options.batch) }
const [prompt, made] = [Number(options.prompt), Number(options.new)]
const config = configOf(shape)
const engine = await openXla()
const bound = new GptNeo(config)
const parameters: Record<string, DeviceArray> = {}
for (const { name, dims, shape: stored } of bound.specs)
  parameters[name] = DeviceArray.from(
    engine,
    weights(
      name,
      stored.reduce((a, b) => a * b, 1),
      stored.length,
    ),
    dims,
    'f32',
  )
const model: LoadedModel = { engine, config, model: bound, parameters }
const ids = tokens(shape, 0, prompt)
const prompts = Array.from({ length: shape.batch }, (_, row) => ids.subarray(row * prompt, (row + 1) * prompt))

async function run(): Promise<{ ms: number; firstMs: number; ids: number[][] }> {
  const start = performance.now()
  let firstMs = 0
  const rows: number[][] = prompts.map(() => [])
  for await (const tokens of generate(model, prompts, { temperature: 0, maxTokens: made })) {
    firstMs ||= performance.now() - start
    tokens.forEach((id, row) => rows[row].push(id!))
  }
  return { ms: performance.now() - start, firstMs, ids: rows }
}

const first = await run()
const runs = []
for (let i = 0; i < Number(options.runs); i++) runs.push(await run())
console.log(
  JSON.stringify({
    impl: 'neomesh',
    shape: options.shape,
    batch: shape.batch,
    prompt,
    new: made,
    run_ms: runs.map(({ ms }) => ms),
    first_token_ms: runs.map(({ firstMs }) => firstMs),
    first_run_s: first.ms / 1000,
    peak_mb: memory().peak,
    ids_head: first.ids[0].slice(0, 8),
    checksum: first.ids.flat().reduce((a, b) => a + b, 0),
  }),
)
await engine.close()
