/**
 * Trains a model config on the engines that run here, in turn in one process; prints tokens per second of wall time and of
 * processor time. node dist/bench/host.js [--model notebook] [--steps 4] [--rounds 3] [--engines host,xla] [--threads 1]
 * Engines: host, xla, tfjs (TensorFlow.js on cpu), wasm (tfjs-backend-wasm), native (tfjs-node).
 */
import { cpus, loadavg } from 'node:os'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseModelConfig } from '../src/config/index.js'
import { DeviceArray, openEngine, openXla, type Engine } from '../src/engine/index.js'
import { openHost } from '../src/engine/host/engine.js'
import { openTfjs } from '../src/engine/tfjs/engine.js'
import { Trainer } from '../src/train/index.js'
import { median } from './work.js'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'notebook' },
    steps: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    engines: { type: 'string', default: 'host,xla' },
    threads: { type: 'string', default: '1' },
  },
})

const OPEN: Readonly<Record<string, () => Promise<Engine>>> = {
  host: async () => openHost({ threads: Number(options.threads) }),
  xla: () => openXla(),
  tfjs: () => openTfjs(),
  wasm: async () => {
    await import('@tensorflow/tfjs-backend-wasm')
    return openTfjs({ backend: 'wasm' })
  },
  native: () => openEngine({ engine: 'tfjs-node' }),
}

const config = parseModelConfig(
  JSON.parse(readFileSync(`configs/models/${options.model}.json`, 'utf8')),
  'bench',
).config
const { train_batch_size: batch, n_ctx, n_vocab } = config
const tokens = batch * n_ctx

/** The same ids for all engines: step k of each trains on the same batch. */
const idsOf = (step: number) =>
  Int32Array.from({ length: batch * (n_ctx + 1) }, (_, i) =>
    Math.floor(((Math.imul(i + 1, 0x9e3779b1 + step) >>> 0) / 2 ** 32) ** 3 * n_vocab),
  )

class Side {
  readonly wall: number[] = []
  readonly cpu: number[] = []
  loss = NaN
  private step = 0

  private constructor(
    readonly name: string,
    readonly engine: Engine,
    private readonly trainer: Trainer,
  ) {}

  static async open(name: string): Promise<Side> {
    const engine = await OPEN[name]()
    const trainer = new Trainer(engine, config)
    await trainer.initialise()
    const side = new Side(name, engine, trainer)
    await side.run(Number(options.warmup), false)
    return side
  }

  async run(steps: number, counted: boolean): Promise<void> {
    for (let i = 0; i < steps; i++) {
      const ids = idsOf(this.step++)
      const [start, used] = [performance.now(), process.cpuUsage()]
      const metrics = await this.trainer.trainOn(ids)
      this.loss = await metrics.loss.readScalar()
      for (const array of Object.values(metrics) as DeviceArray[]) array.dispose()
      const { user, system } = process.cpuUsage(used)
      if (!counted) continue
      this.wall.push(tokens / ((performance.now() - start) / 1000))
      this.cpu.push(tokens / ((user + system) / 1e6))
    }
  }
}

const sides: Side[] = []
for (const name of options.engines.split(',')) sides.push(await Side.open(name))
for (let round = 0; round < Number(options.rounds); round++)
  for (const side of sides) await side.run(Number(options.steps), true)

const load = loadavg()[0].toFixed(1)
console.log(
  `${cpus()[0].model}, ${cpus().length} cores, load ${load}; Node ${process.version}; configs/models/${options.model}.json`,
)
console.log(
  `${tokens} tokens a step, host on ${options.threads} threads, ${options.rounds} rounds of ${options.steps} steps in alternation; median (smallest to largest)\n`,
)
console.log('| engine | tokens/s | tokens per second of processor time | last loss |\n|---|---|---|---|')
const shown = (all: readonly number[]) =>
  `${median(all).toFixed(0)} (${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)})`
for (const { engine, wall, cpu, loss } of sides)
  console.log(`| ${engine.description} | ${shown(wall)} | ${shown(cpu)} | ${loss.toFixed(5)} |`)
for (const { engine } of sides) await engine.close()
