import { Command, Option } from 'commander'
import { basename, checkOutputFile } from '../files/index.js'
import { readModelConfig, type ModelConfig } from '../config/index.js'
import { writeExecutable } from '../engine/index.js'
import { cpuDevices, LIMITS, plan, searchLayouts, tpuSlice, type Hardware, type Limits } from '../plan/index.js'
import { parseMesh } from '../mesh/index.js'
import { describePlan } from '../notebook/plan-table.js'
import { UsageError } from './errors.js'
import { interruptible } from './interrupt.js'
import { meshKeys, withMesh, type MeshOptions } from './mesh.js'
import { real, whole } from './options.js'
import { describeSearch } from './plan-search.js'
import { createProgress, whileWaiting } from './progress.js'

interface Options extends MeshOptions {
  topology?: string
  device?: 'cpu'
  batch?: number
  static?: true
  search?: true
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
      .option(
        '--search',
        "look for the fastest mesh and layouts; XLA is asked about the best three, and about the config's own",
      )
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
  checkOptions(options, hardware)
  if (keep !== undefined) await checkOutputFile(keep)
  const limits = { time: options.timeLimit * 60, memory: options.memoryLimit * 1e9 }
  const { signal, done } = interruptible()
  const asked = { hardware, limits, signal }
  try {
    if (options.search) await runSearch(config, asked, options)
    else await runPlan(config, basename(path), asked, options)
  } finally {
    done()
  }
}

interface Asked {
  readonly hardware: Hardware
  readonly limits: Limits
  readonly signal: AbortSignal
}

async function runPlan(
  config: ModelConfig,
  name: string,
  asked: Asked,
  { json, keep, static: estimateOnly }: Options,
): Promise<void> {
  const work = plan(config, { ...asked, compile: !estimateOnly, keep: keep !== undefined })
  const found = await (estimateOnly ? work : whileWaiting(compiling(asked), work))
  const executable = found.xla?.executable
  if (keep !== undefined && executable) await writeExecutable(keep, executable)
  process.stdout.write(json ? `${JSON.stringify(found, plainly, 2)}\n` : describePlan(found, name))
}

async function runSearch(config: ModelConfig, asked: Asked, { json, static: estimateOnly }: Options): Promise<void> {
  const progress = createProgress({ title: 'estimating', total: 0 })
  let waiting = false
  const work = searchLayouts(config, {
    ...asked,
    compile: estimateOnly ? 0 : undefined,
    onProgress: (done, total) => progress.update(done, '', total),
    onCompile: ({ mesh, layout }) => {
      if (!waiting) progress.stop()
      waiting = true
      process.stderr.write(`${compiling(asked)}: mesh ${mesh}, layout ${layout}\n`)
    },
  })
  const found = await work.finally(() => waiting || progress.stop())
  process.stdout.write(json ? `${JSON.stringify(found, plainly, 2)}\n` : describeSearch(found))
}

function compiling({ hardware }: Asked): string {
  return `XLA compiles the step for ${hardware.name}`
}

/** Executables are no text. */
function plainly(key: string, value: unknown): unknown {
  return key === 'executable' ? undefined : value
}

function checkOptions({ search, keep, static: estimateOnly, topology, devices }: Options, hardware: Hardware): void {
  if (search && hardware.speeds === null)
    throw new UsageError('--search needs the speed of devices: name a slice by --topology')
  if (keep !== undefined && (search || estimateOnly))
    throw new UsageError(
      `--keep keeps what was compiled, and --${search ? 'search' : 'static'} keeps nothing: leave it out`,
    )
  if (topology !== undefined && devices !== undefined)
    throw new UsageError('--devices is for --device cpu; a slice has the devices that it has')
}

function hardwareOf({ topology, device, devices }: Options, mesh: string): Hardware {
  if (topology !== undefined && device !== undefined)
    throw new UsageError('--topology is for TPUs, so it does not go with --device')
  if (topology !== undefined) return tpuSlice(topology)
  if (device === undefined)
    throw new UsageError('which hardware? Name a slice by --topology, such as v3-8, or --device cpu')
  return cpuDevices(devices ?? parseMesh(mesh).size)
}
