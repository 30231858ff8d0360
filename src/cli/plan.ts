import { Command, Option } from 'commander'
import { basename } from 'node:path'
import { readModelConfig } from '../config/index.js'
import { writeFileAtomic } from '../files/index.js'
import { cpu, LIMITS, plan, tpu, type Hardware } from '../plan/index.js'
import { parseMesh } from '../mesh/index.js'
import { UsageError } from './errors.js'
import { interruptible } from './interrupt.js'
import { meshKeys, withMesh, type MeshOptions } from './mesh.js'
import { real, whole } from './options.js'
import { checkOutputFile } from './output.js'
import { describePlan } from './plan-table.js'
import { whileWaiting } from './progress.js'

interface Options extends MeshOptions {
  topology?: string
  device?: 'cpu'
  batch?: number
  static?: true
  json?: true
  keep?: string
  timeLimit: number
  memoryLimit: number
}

export function planCommand(): Command {
  const device = new Option('--device <kind>', 'plan for virtual devices of this CPU, to look at what is sent').choices(
    ['cpu'],
  )
  return withMesh(
    new Command('plan')
      .description('say what a training step costs on a TPU slice that need not be here: memory, speed, communication')
      .argument('<config>', 'model config, such as configs/models/gpt3_XL.json')
      .option('--topology <slice>', 'TPU slice, such as v3-8, v4-256, v5litepod-16, v5p-2048, v6e-8, tpu7x-8')
      .addOption(device)
      .option('--batch <sequences>', "train_batch_size in place of the config's", whole(1))
      .option('--static', "estimate only, in a second; else XLA's own compiler for TPUs is asked, which takes minutes")
      .option('--json', 'print the plan as JSON')
      .option('--keep <file>', 'write the compiled step to a file')
      .option('--time-limit <minutes>', 'stop compiling after so long', real(0, Infinity, { not: 0 }), LIMITS.time / 60)
      .option(
        '--memory-limit <GB>',
        'stop compiling above so much memory of this machine',
        real(0, Infinity, { not: 0 }),
        LIMITS.memory / 1e9,
      )
      .action(run),
  )
}

async function run(path: string, options: Options): Promise<void> {
  const { keep } = options
  const changes = { ...meshKeys(options), train_batch_size: options.batch }
  const { config } = await readModelConfig(path, { purpose: 'train', changes })
  const hardware = hardwareOf(options, config.mesh_shape)
  if (keep !== undefined) await checkOutputFile(keep)
  const limits = { time: options.timeLimit * 60, memory: options.memoryLimit * 1e9 }
  const { signal, done } = interruptible()
  const work = plan(config, { hardware, compile: !options.static, keep: keep !== undefined, limits, signal })
  const found = await (
    options.static ? work : whileWaiting(`XLA compiles the step for ${hardware.name}`, work)
  ).finally(done)
  const { executable = null } = found.xla ?? {}
  if (keep !== undefined && executable) await writeFileAtomic(keep, executable)
  const shown = { ...found, xla: found.xla && { ...found.xla, executable: executable && keep } }
  process.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : describePlan(found, basename(path)))
}

function hardwareOf({ topology, device, devices }: Options, mesh: string): Hardware {
  if (topology !== undefined && device !== undefined)
    throw new UsageError('--topology is for TPUs, so it does not go with --device')
  if (topology !== undefined) return tpu(topology)
  if (device === undefined)
    throw new UsageError('which hardware? Name a slice by --topology, such as v3-8, or --device cpu')
  return cpu(devices ?? parseMesh(mesh).size)
}
