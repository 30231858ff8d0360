/**
 * Times one layer's attention alone, forward and backward; one line of JSON, in the fields of bench/peers/attention.py.
 * node dist/bench/attention.js --kind linear --ctx 4096 [--dtype bf16] [--radius 256 --runs 5]
 * q, k, v and the incoming gradient are given as [batch, heads, ctx, features], as to the peers.
 */
import { parseArgs } from 'node:util'
import { DeviceArray, jit, openXla } from '../src/engine/index.js'
import { toFloats } from '../src/engine/half.js'
import { attentionKind, type AttentionKindName } from '../src/attention/index.js'
import { modelShape } from '../src/model/index.js'
import { gradients, sizeOf, transpose, type Dim, type Tensor } from '../src/tensor/index.js'
import { attentionInput, configOf, memory, resetPeak } from './work.js'

const { values: options } = parseArgs({
  options: {
    kind: { type: 'string', default: 'global' },
    ctx: { type: 'string', default: '2048' },
    batch: { type: 'string', default: '1' },
    heads: { type: 'string', default: '12' },
    features: { type: 'string', default: '64' },
    radius: { type: 'string', default: '256' },
    dtype: { type: 'string', default: 'f32' },
    runs: { type: 'string', default: '5' },
  },
})
const [ctx, batchSize, heads] = [options.ctx, options.batch, options.heads].map(Number)
const kind = options.kind as AttentionKindName
const shape = { layers: 2, embd: heads * Number(options.features), heads, ctx, vocab: 2, batch: batchSize }
const config = configOf(shape, {
  attention_types: [[[kind], 2]],
  local_attention_radius: Number(options.radius),
  precision: options.dtype === 'bf16' ? 'bfloat16' : 'float32',
})
const model = modelShape(config, { batch: batchSize })
const { batch, sequence, memory: keys, features } = model

const dimsOf = (positions: Dim): Dim[] => [batch, model.heads, positions, features]
const turned = (x: Tensor, positions: Dim) => transpose(x, [batch, positions, model.heads, features] as Dim[])

const engine = await openXla()
const inputs = await Promise.all(
  [sequence, keys, keys, sequence].map(async (positions, i) => {
    const dims = dimsOf(positions)
    const wide = DeviceArray.from(engine, attentionInput(sizeOf(dims), i), dims, 'f32')
    return model.compute === 'f32' ? wide : jit(engine, (x: Tensor) => x.cast('bf16'))(wide)
  }),
)
const both = (q: Tensor, k: Tensor, v: Tensor, grad: Tensor) => {
  const projected = { q: turned(q, sequence), k: turned(k, keys), v: turned(v, keys) }
  const out = transpose(attentionKind(kind).attend(projected, model) as Tensor, dimsOf(sequence))
  return { out, grads: gradients([out], [grad], [q, k, v]) }
}
const { executable } = await jit(engine, both, { name: 'attention' }).prepare(...inputs)

/** One run, until all its results are there. Returns the mean |output| if asked to, and the cost. */
async function run(check = false) {
  const start = performance.now()
  const cpu = process.cpuUsage()
  const { outputs, done } = executable.run(inputs.map((x) => x.use('bench')))
  await done
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  const out = check ? toFloats(await outputs[0].read(), model.compute) : new Float32Array()
  outputs.forEach((output) => output.dispose())
  return { ms, cpuMs: (user + system) / 1000, check: out.reduce((sum, x) => sum + Math.abs(x), 0) / out.length }
}

resetPeak()
const before = memory().now
const { check } = await run(true)
const extraMb = memory().peak - before
const runs = []
for (let i = 0; i < Number(options.runs); i++) runs.push(await run())
console.log(
  JSON.stringify({
    impl: 'neomesh',
    kind,
    ctx,
    batch: batchSize,
    heads,
    features: features.size,
    radius: config.local_attention_radius,
    dtype: options.dtype,
    run_ms: runs.map(({ ms }) => ms),
    cpu_ms: runs.map(({ cpuMs }) => cpuMs),
    extra_mb: extraMb,
    xla_temp_mb: (executable.memory()?.temporaries ?? NaN) / 2 ** 20,
    peak_mb: memory().peak,
    check,
  }),
)
await engine.close()
