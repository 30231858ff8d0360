/**
 * Trains a model config on the engines that run here, in turn in one process; prints tokens per second of wall time and of
 * processor time, each beside XLA's. node dist/bench/host.js [--model notebook] [--steps 4] [--rounds 3] [--engines host:1,host:2,xla]
 * Engines: host:THREADS, xla, tfjs (TensorFlow.js on cpu), wasm (tfjs-backend-wasm), native (tfjs-node). The last line is JSON.
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { DeviceArray, openEngine, openXla, type Engine } from '../src/engine/index.js'
import { openHost } from '../src/engine/host/engine.js'
import { openTfjs } from '../src/engine/tfjs/engine.js'
import { Trainer } from '../src/train/index.js'
import { configNamed, idsOf } from './host-work.js'
import { median } from './work.js'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'notebook' },
    steps: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    engines: { type: 'string', default: 'host:1,host:2,xla' },
  },
})

const OPEN: Readonly<Record<string, (threads: number) => Promise<Engine>>> = {
  host: async (threads) => openHost({ threads }),
  xla: () => openXla(),
  tfjs: () => openTfjs(),
  wasm: async () => {
    await import('@tensorflow/tfjs-backend-wasm')
    return openTfjs({ backend: 'wasm' })
  },
  native: () => openEngine({ engine: 'tfjs-node' }),
}

const config = configNamed(options.model)
const tokens = config.train_batch_size * config.n_ctx

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
    const [kind, threads = '1'] = name.split(':')
    const engine = await OPEN[kind](Number(threads))
    const trainer = new Trainer(engine, config)
    await trainer.initialise()
    const side = new Side(name, engine, trainer)
    await side.run(Number(options.warmup), false)
    return side
  }

  async run(steps: number, counted: boolean): Promise<void> {
    for (let i = 0; i < steps; i++) {
      const ids = idsOf(config, this.step++)
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
  `${tokens} tokens a step, ${options.rounds} rounds of ${options.steps} steps in alternation; median (smallest to largest)\n`,
)
console.log("| engine | tokens/s | of XLA's | tokens per second of processor time | last loss |\n|---|---|---|---|---|")
const shown = (all: readonly number[]) =>
  `${median(all).toFixed(0)} (${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)})`
const xla = sides.find(({ name }) => name === 'xla')
const ratio = ({ wall }: Side) => (xla ? median(wall) / median(xla.wall) : NaN)
for (const side of sides)
  console.log(
    `| ${side.engine.description} | ${shown(side.wall)} | ${xla ? ratio(side).toFixed(2) : ''} | ${shown(side.cpu)} | ${side.loss.toFixed(5)} |`,
  )
for (const { engine } of sides) await engine.close()
console.log()
console.log(
  JSON.stringify(
    sides.map((side) => ({
      name: side.name,
      step_ms: side.wall.map((rate) => (1000 * tokens) / rate),
      cpu_ms: side.cpu.map((rate) => (1000 * tokens) / rate),
      loss: side.loss,
    })),
  ),
)
