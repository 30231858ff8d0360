/**
 * Times one attention layer of any kind, projections and output with it, forward and backward; one line of JSON.
 * node dist/bench/kind.js --kind gated_delta --ctx 4096 [--batch 1 --embd 256 --heads 4 --runs 5 --config '{"state_value_size":64}']
 */
import { parseArgs } from 'node:util'
import { attentionKind, type AttentionKindName } from '../src/attention/index.js'
import { DeviceArray, jit, openXla } from '../src/engine/index.js'
import { attention } from '../src/model/attention.js'
import type { Hidden } from '../src/model/dims.js'
import { initialise } from '../src/model/initialise.js'
import { modelShape, type Parameters, type ParameterSpec } from '../src/model/index.js'
import { Scope } from '../src/model/scope.js'
import { fill, gradients, trace, type Tensor } from '../src/tensor/index.js'
import { attentionInput, configOf, memory, resetPeak } from './work.js'

const { values: options } = parseArgs({
  options: {
    kind: { type: 'string', default: 'gated_delta' },
    ctx: { type: 'string', default: '4096' },
    batch: { type: 'string', default: '1' },
    embd: { type: 'string', default: '256' },
    heads: { type: 'string', default: '4' },
    runs: { type: 'string', default: '5' },
    config: { type: 'string', default: '{}' },
  },
})
const [ctx, batchSize, embd, heads] = [options.ctx, options.batch, options.embd, options.heads].map(Number)
const kind = attentionKind(options.kind as AttentionKindName)
const config = configOf(
  { layers: 1, embd, heads, ctx, vocab: 2, batch: batchSize },
  { attention_types: [[[options.kind], 1]], ...(JSON.parse(options.config) as object) },
)
const model = modelShape(config, { batch: batchSize })
const { batch, sequence } = model
let specs: ParameterSpec[] = []
trace(() => {
  const x = fill([batch, sequence, model.embd], 0, 'f32')
  specs = Scope.describe('f32', 'unroll', (at) => attention(at, x, kind, model))
  return []
}, [])

const engine = await openXla()
const parameters = await initialise(engine, specs, 0)
const stream = (seed: number) =>
  DeviceArray.from(engine, attentionInput(batchSize * ctx * embd, seed), [batch, sequence, model.embd] as const, 'f32')
const both = (p: Parameters, x: Hidden, grad: Hidden) => {
  const out = attention(Scope.over(specs, p, 'f32', 'unroll', null), x, kind, model).x as Tensor
  return { out, grads: gradients([out], [grad], [x, ...Object.values(p)]).filter((each) => each !== null) }
}
const inputs = [parameters, stream(0), stream(1)] as const
const compiling = process.cpuUsage()
const { executable, leaves } = (await jit(engine, both, { name: 'attention' }).prepare(
  ...(inputs as never as [any, any, any]),
)) as any
const compiled = process.cpuUsage(compiling)
const flat = (leaves as DeviceArray[] | undefined) ?? [...Object.values(parameters), inputs[1], inputs[2]]

async function run() {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  const { outputs, done } = executable.run(flat.map((x) => x.use('bench')))
  await done
  const { user, system } = process.cpuUsage(cpu)
  outputs.forEach((output: { dispose(): void }) => output.dispose())
  return { ms: performance.now() - start, cpuMs: (user + system) / 1000 }
}
resetPeak()
const before = memory().now
await run()
const extraMb = memory().peak - before
const runs = []
for (let i = 0; i < Number(options.runs); i++) runs.push(await run())
console.log(
  JSON.stringify({
    kind: options.kind,
    ctx,
    batch: batchSize,
    embd,
    heads,
    run_ms: runs.map(({ ms }) => Math.round(ms)),
    cpu_ms: runs.map(({ cpuMs }) => Math.round(cpuMs)),
    compile_cpu_s: (compiled.user + compiled.system) / 1e6,
    extra_mb: Math.round(extraMb),
  }),
)
await engine.close()
