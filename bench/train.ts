/**
 * Times training steps of neomesh on a shape; one line of JSON, in the fields of bench/peers/train.py.
 * node dist/bench/train.js --shape teach --steps 8 [--dtype bf16] [--layers scan]
 */
import { parseArgs } from 'node:util'
import { DeviceArray, openXla } from '../src/engine/index.js'
import type { LayerMode } from '../src/model/index.js'
import { Trainer } from '../src/train/index.js'
import { configOf, deviceMegabytes, flopsPerToken, memory, platformOf, SHAPES, tokens, weights } from './work.js'

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string', default: 'teach' },
    steps: { type: 'string', default: '8' },
    warmup: { type: 'string', default: '1' },
    dtype: { type: 'string', default: 'f32' },
    device: { type: 'string', default: 'cpu' },
    layers: { type: 'string' },
    config: { type: 'string', default: '{}' },
    flags: { type: 'string', default: '{}' },
  },
})
const shape = SHAPES[options.shape]
const config = configOf(shape, {
  precision: options.dtype === 'bf16' ? 'bfloat16' : 'float32',
  ...JSON.parse(options.config),
})
const began = performance.now()
const engine = await openXla({ platform: platformOf(options.device), flags: JSON.parse(options.flags) })
const trainer = new Trainer(engine, config, options.layers as LayerMode | undefined)
await trainer.start(async (spec) => {
  const size = spec.shape.reduce((a, b) => a * b, 1)
  return weights(spec.name, size, spec.shape.length)
})
const readyS = (performance.now() - began) / 1000
const prepared = await trainer.prepare()
const stepMs: number[] = [],
  cpuMs: number[] = [],
  outsideMs: number[] = [],
  losses: number[] = []
let firstS = 0
const total = Number(options.warmup) + Number(options.steps)
for (let step = 0; step < total; step++) {
  const ids = tokens(shape, step)
  const start = performance.now()
  const cpu = process.cpuUsage()
  const metrics = await trainer.trainOn(ids)
  const dispatched = performance.now()
  losses.push(await metrics.loss.readScalar())
  const done = performance.now()
  for (const array of Object.values(metrics) as DeviceArray[]) array.dispose()
  if (step === 0) firstS = (done - start) / 1000
  if (step < Number(options.warmup)) continue
  stepMs.push(done - start)
  const used = process.cpuUsage(cpu)
  cpuMs.push((used.user + used.system) / 1000)
  outsideMs.push(dispatched - start)
}
console.log(
  JSON.stringify({
    impl: 'neomesh',
    shape: options.shape,
    dtype: options.dtype,
    layers: trainer.layers,
    step_ms: stepMs,
    cpu_ms: cpuMs,
    tokens_per_step: shape.batch * shape.ctx,
    first_step_s: prepared.traceSeconds + prepared.compileSeconds + firstS,
    ready_s: readyS,
    trace_s: prepared.traceSeconds,
    compile_s: prepared.compileSeconds,
    from_cache: prepared.fromCache,
    host_ms: outsideMs,
    device: options.device,
    device_kind: engine.client.devices[0].kind,
    device_mb: deviceMegabytes(engine),
    peak_mb: memory().peak,
    xla: prepared.memory,
    gflop_per_step: (shape.batch * shape.ctx * flopsPerToken(shape)) / 1e9,
    loss_first: losses[0],
    loss_last: losses.at(-1),
    losses,
  }),
)
await engine.close()
