/**
 * Prints where the time of a training step goes on the engine host with one thread, by kind of step and by shapes. Time is
 * processor time of this process, for each step of the plan the least of several training steps.
 * node dist/bench/host-profile.js [--model notebook] [--rounds 5] [--rows 30]
 */
import { parseArgs } from 'node:util'
import { openHost } from '../src/engine/host/engine.js'
import { Trainer } from '../src/train/index.js'
import { configNamed, idsOf } from './host-work.js'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'notebook' },
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '30' },
  },
})

interface Sample {
  readonly name: string
  readonly shapes: string
  readonly flops: number
  ms: number
}

const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const config = configNamed(options.model)
const engine = openHost({ threads: 1 })
const trainer = new Trainer(engine, config)
await trainer.initialise()
let step = 0
const train = async () => {
  const metrics = await trainer.trainOn(idsOf(config, step++))
  await metrics.loss.readScalar()
  for (const array of Object.values(metrics)) array.dispose()
}
for (let i = 0; i < 3; i++) await train()

const samples: Sample[] = []
let at = 0
let inner = 0
engine.memory.observer = ({ name, shapes = '', flops = 0 }, run) => {
  const outer = inner
  inner = 0
  const start = cpu()
  const result = run()
  const all = cpu() - start
  // What a loop's body took is counted there.
  const ms = all - inner
  inner = outer + all
  const sample = (samples[at++] ??= { name, shapes, flops, ms })
  sample.ms = Math.min(sample.ms, ms)
  return result
}
const whole: number[] = []
for (let round = 0; round < Number(options.rounds); round++) {
  at = 0
  const start = cpu()
  await train()
  whole.push(cpu() - start)
}
await engine.close()

const sum = (list: readonly Sample[], of: (sample: Sample) => number) =>
  list.reduce((total, each) => total + of(each), 0)
const total = sum(samples, ({ ms }) => ms)
function table(title: string, keyOf: (sample: Sample) => string, rows: number): void {
  const groups = grouped(samples, keyOf)
  console.log(`\n| ${title} | steps | ms | share | GFLOP/s | GB/s |\n|---|---|---|---|---|---|`)
  const list = [...groups].map(([key, group]) => ({
    key,
    count: group.length,
    ms: sum(group, ({ ms }) => ms),
    flops: sum(group, ({ flops }) => flops),
    bytes: sum(group, bytesOf),
  }))
  for (const { key, count, ms, flops, bytes } of list.sort((a, b) => b.ms - a.ms).slice(0, rows))
    console.log(
      `| ${key} | ${count} | ${ms.toFixed(1)} | ${((100 * ms) / total).toFixed(1)}% | ${flops > 0 ? (flops / ms / 1e6).toFixed(1) : ''} | ${(bytes / ms / 1e6).toFixed(1)} |`,
    )
}
function grouped<K>(list: readonly Sample[], keyOf: (sample: Sample) => K): Map<K, Sample[]> {
  const groups = new Map<K, Sample[]>()
  for (const each of list) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each])
  return groups
}
/** Bytes of all arrays that a step reads and writes. */
function bytesOf({ shapes }: Sample): number {
  let total = 0
  for (const [, dtype, sizes] of shapes.matchAll(/(\w+)\[([\d,]*)\]/g))
    total += sizes.split(',').reduce((count, size) => count * Number(size || 1), dtype === 'bool' ? 1 : 4)
  return total
}
const kindOf = ({ name }: Sample) => (name.startsWith('loop of') ? 'loop' : name)
console.log(
  `configs/models/${options.model}.json: ${samples.length} steps, ${total.toFixed(0)} ms of processor time in them; a training step least ${Math.min(...whole).toFixed(0)} ms`,
)
table('kind', kindOf, 100)
table('shapes', ({ name, shapes }) => `${name}: ${shapes}`, Number(options.rows))
