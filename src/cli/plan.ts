import { Command, Option } from 'commander'
import { basename, checkOutputFile } from '../files/index.js'
import { readModelConfig, type ModelConfig } from '../config/index.js'
import { writeExecutable } from '../engine/index.js'
import { cpuDevices, LIMITS, hardwareOf, plan, searchLayouts, type Hardware, type Limits } from '../plan/index.js'
import { parseMesh } from '../mesh/index.js'
import { describePlan } from '../notebook/plan-table.js'
import { UsageError } from './errors.js'
import { interruptible } from './interrupt.js'
import { meshKeys, withMesh, type MeshOptions } from './mesh.js'
import { integerOption, numberOption } from './options.js'
import { describeSearch } from './plan-search.js'
import { createProgress, whileWaiting } from './progress.js'

interface Options extends MeshOptions {
  topology?: string
  device?: 'cpu'
  batch?: number
  static?: true
  search?: true
  json?: true
  saveExecutable?: string
  timeLimit: number
  memoryLimit: number
}

export function planCommand(): Command {
  const device = new Option(
    '--device <kind>',
    'plan for virtual devices of this CPU, to see the communication',
  ).choices(['cpu'])
  return withMesh(
    new Command('plan')
      .description('estimate a training step on TPUs or GPUs (none needed): memory, speed, communication')
      .argument('<config>', 'model config, such as configs/models/gpt3_XL.json')
      .option(
        '--topology <name>',
        'TPU slice, such as v3-8, v5litepod-16, v5p-2048, v6e-8, tpu7x-8, or GPUs, such as h100-8, a100-80gb-64, l4-1',
      )
      .addOption(device)
      .option('--batch <sequences>', 'override train_batch_size', integerOption(1))
      .option(
        '--static',
        "estimate only, in a second: skip the ahead-of-time compilation by XLA's compiler for that hardware, which may take minutes",
      )
      .option('--search', "search for the fastest mesh and layouts; XLA compiles the best three, and the config's")
      .option('--json', 'print the plan as JSON')
      .option('--save-executable <file>', 'save the compiled training step, for `neomesh train --compiled`')
      .addOption(new Option('--keep <file>', 'the former name of --save-executable').hideHelp())
      .option(
        '--time-limit <minutes>',
        'compile time limit',
        numberOption(0, Infinity, { exclude: 0 }),
        LIMITS.time / 60,
      )
      .option(
        '--memory-limit <GB>',
        'compile memory limit on this machine',
        numberOption(0, Infinity, { exclude: 0 }),
        LIMITS.memory / 1e9,
      )
      .action((path: string, { keep, ...options }: Options & { keep?: string }) =>
        run(path, { saveExecutable: keep, ...options }),
      ),
  )
}

async function run(path: string, options: Options): Promise<void> {
  const { saveExecutable } = options
  const changes = { ...meshKeys(options), train_batch_size: options.batch }
  const { config } = await readModelConfig(path, { purpose: 'train', changes })
  const hardware = chosenHardware(options, config.mesh_shape)
  checkOptions(options, hardware)
  if (saveExecutable !== undefined) await checkOutputFile(saveExecutable)
  const limits = { time: options.timeLimit * 60, memory: options.memoryLimit * 1e9 }
  const { signal, done } = interruptible()
  const request = { hardware, limits, signal }
  try {
    if (options.search) await runSearch(config, request, options)
    else await runPlan(config, basename(path), request, options)
  } finally {
    done()
  }
}

interface PlanRequest {
  readonly hardware: Hardware
  readonly limits: Limits
  readonly signal: AbortSignal
}

async function runPlan(
  config: ModelConfig,
  name: string,
  request: PlanRequest,
  { json, saveExecutable, static: estimateOnly }: Options,
): Promise<void> {
  const work = plan(config, { ...request, compile: !estimateOnly, keep: saveExecutable !== undefined })
  const found = await (estimateOnly ? work : whileWaiting(compiling(request), work))
  const executable = found.xla?.executable
  if (saveExecutable !== undefined && executable) await writeExecutable(saveExecutable, executable)
  process.stdout.write(json ? `${JSON.stringify(found, withoutExecutable, 2)}\n` : describePlan(found, name))
}

async function runSearch(
  config: ModelConfig,
  request: PlanRequest,
  { json, static: estimateOnly }: Options,
): Promise<void> {
  const progress = createProgress({ title: 'estimating', total: 0 })
  let waiting = false
  const work = searchLayouts(config, {
    ...request,
    compile: estimateOnly ? 0 : undefined,
    onProgress: (done, total) => progress.update(done, '', total),
    onCompile: ({ mesh, layout }) => {
      if (!waiting) progress.stop()
      waiting = true
      process.stderr.write(`${compiling(request)}: mesh ${mesh}, layout ${layout}\n`)
    },
  })
  const found = await work.finally(() => waiting || progress.stop())
  process.stdout.write(json ? `${JSON.stringify(found, withoutExecutable, 2)}\n` : describeSearch(found))
}

function compiling({ hardware }: PlanRequest): string {
  return `XLA is compiling the training step for ${hardware.name}`
}

/** Executables are binary: JSON omits them. */
function withoutExecutable(key: string, value: unknown): unknown {
  return key === 'executable' ? undefined : value
}

function checkOptions(
  { search, saveExecutable, static: estimateOnly, topology, devices }: Options,
  hardware: Hardware,
): void {
  if (search && hardware.speeds === null)
    throw new UsageError('--search requires the speed of the devices. Name them with --topology')
  if (saveExecutable !== undefined && (search || estimateOnly))
    throw new UsageError(
      `--save-executable cannot be combined with --${search ? 'search, which saves' : 'static, which compiles'} nothing. ` +
        'Remove one of them',
    )
  if (topology !== undefined && devices !== undefined)
    throw new UsageError(
      '--devices cannot be combined with --topology, which determines the devices. Remove one of them',
    )
}

function chosenHardware({ topology, device, devices }: Options, mesh: string): Hardware {
  if (topology !== undefined && device !== undefined)
    throw new UsageError(
      '--topology cannot be combined with --device: it is for hardware that is not here. Remove one of them',
    )
  if (topology !== undefined) return hardwareOf(topology)
  if (device === undefined)
    throw new UsageError(
      'hardware must be given. Name it with --topology, such as v3-8 or h100-8, or pass --device cpu',
    )
  return cpuDevices(devices ?? parseMesh(mesh).size)
}
