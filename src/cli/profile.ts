import { Command, Option } from 'commander'
import { readModelConfig } from '../config/index.js'
import { lowerDecode } from '../generate/index.js'
import { profileProgram, profileTable } from '../plan/index.js'
import { lowerStep } from '../train/index.js'
import { openEngine } from './engine.js'
import { interruptible } from './interrupt.js'
import { integerOption, parseOverride } from './options.js'
import { createProgress } from './progress.js'

interface Options {
  override?: Record<string, unknown>
  decode?: boolean
  batch?: number
  dtype?: 'f32' | 'bf16'
  rows: number
  rounds: number
  json?: boolean
}

export function profileCommand(): Command {
  return new Command('profile')
    .description('time each operation of a training step on this CPU, with its line of model code')
    .argument('<config>', 'model config, such as configs/models/demo.json')
    .option('--override <key=value>', 'override a key of the config, such as n_layer=2; repeatable', parseOverride)
    .option('--decode', 'profile a step of generation, not a training step')
    .option('--batch <rows>', 'rows: override train_batch_size; with --decode 1', integerOption(1))
    .addOption(
      new Option('--dtype <dtype>', 'override precision; with --decode dtype of weights and caches').choices([
        'f32',
        'bf16',
      ]),
    )
    .option('--rows <count>', 'show the N slowest operations', integerOption(1), 30)
    .option('--rounds <count>', 'measure each N times; the least counts', integerOption(1), 3)
    .option('--json', 'print everything measured as JSON')
    .action(profile)
}

async function profile(path: string, options: Options): Promise<void> {
  const { decode, batch, dtype, rows, rounds, json } = options
  const changes = {
    ...options.override,
    ...(batch !== undefined && !decode && { train_batch_size: batch }),
    ...(dtype !== undefined && { precision: dtype === 'bf16' ? 'bfloat16' : 'float32' }),
  }
  const { config } = await readModelConfig(path, { purpose: 'train', changes })
  const engine = await openEngine({ engine: 'xla' })
  const { signal, done } = interruptible()
  try {
    // As training compiles it.
    const layers = config.n_layer <= 16 ? 'unroll' : 'scan'
    const lowered = decode ? lowerDecode(config, { batch, dtype }) : lowerStep(config, null, layers)
    const progress = createProgress({ title: `profiling ${lowered.program.name}`, total: 0 })
    const onProgress = (count: number, total: number) => progress.update(count, undefined, total)
    const found = await profileProgram(engine, lowered, { rounds, signal, onProgress }).finally(() => progress.stop())
    process.stdout.write(`${json ? JSON.stringify(found) : profileTable(found, rows)}\n`)
  } finally {
    done()
    await engine.close()
  }
}
