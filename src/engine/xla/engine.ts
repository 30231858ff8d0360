import {
  axesOf,
  blockOf,
  leadingIndices,
  showMesh,
  type Axes,
  type Block,
  type Mesh,
  type Placement,
} from '../../mesh/index.js'
import type { Role } from '../../tensor/index.js'
import type { Dim } from '../../tensor/dim.js'
import { bytesOf, type DType } from '../../tensor/dtype.js'
import { sizeOf } from '../../tensor/dim.js'
import type { Program } from '../../tensor/program.js'
import {
  EngineError,
  type CompileOptions,
  type Engine,
  type Executable,
  type HostData,
  type MemoryUse,
  type ProcessView,
  type Storage,
} from '../engine.js'
import { debug } from '../debug.js'
import { clientOptions } from './client-options.js'
import { compileCached, type Compiled } from './cache.js'
import { findPlugin, hasTpu, nameOf } from './discovery.js'
import type { Platform } from './plugins.js'
import { programFingerprint, readExecutable, type SavedExecutable } from './saved-executable.js'
import {
  Client,
  loadPlugin,
  PjrtError,
  releaseFreedMemory,
  type Buffer,
  type KeyValues,
  type Executable as PjrtExecutable,
  type NamedValue,
} from './pjrt/index.js'
import { printLaidOut, type Printed } from './stablehlo.js'
import { ONE_DEVICE, XlaStorage } from './storage.js'

export interface XlaOptions {
  /** @default 'cpu' */
  readonly platform?: Platform
  /** Virtual devices, on the CPU platform. @default 1 */
  readonly deviceCount?: number
  /** Flags of XLA for every program, as in `{ xla_cpu_enable_fast_math: true }`. */
  readonly flags?: Readonly<Record<string, boolean | number | string>>
  /** File with a program that was compiled elsewhere for these devices (saved-executable.ts), loaded instead of compiling it. */
  readonly compiled?: string
  /** The store of a run over several hosts, for `cuda`: the engine then has the devices of all of them. */
  readonly keyValues?: KeyValues
  /**
   * Options of the plugin's client by its own names, as in `{ memory_fraction: 0.9, preallocate: true }` for `cuda`.
   * They come before what the environment says (clientOptions).
   */
  readonly client?: Readonly<Record<string, NamedValue>>
}

/**
 * On CPUs what is bf16 in a program is rounded to bf16. Left to itself XLA keeps f32 between operations that it fuses, so
 * that losses depend on what it fuses (by 1e-3, after 20 steps of a small model), on the mesh, and on the engine. Costs no
 * time (bench/RESULTS.md).
 */
const CPU_FLAGS: NonNullable<XlaOptions['flags']> = {
  xla_allow_excess_precision: false,
  // XLA's own choice is 256 bits. Where vectors have at most 256, this changes nothing (docs/dev/log.md).
  xla_cpu_prefer_vector_width: 512,
}

/**
 * Starts XLA through a PJRT plugin. Throws PluginNotFoundError where there is none, EngineError where there is no TPU for
 * it, PjrtError where it does not start; all say what to do.
 */
export async function openXla(options: XlaOptions = {}): Promise<XlaEngine> {
  const { platform = 'cpu', flags = {}, compiled, keyValues } = options
  if (keyValues && platform !== 'cuda')
    throw new EngineError(
      `the devices of several hosts must be GPUs, or the chips of a TPU slice, which find each other (got ${platform}): ` +
        "XLA's other plugins have no collectives between processes. Use --device cuda",
    )
  const found = findPlugin(platform)
  // A plugin that the user names is not questioned.
  if (platform === 'tpu' && found.package !== null && !hasTpu())
    throw new EngineError(
      'no TPU found on this machine; the installed libtpu compiles for `neomesh plan` only. Use --device cpu.',
    )
  const name = nameOf(found)
  const saved = compiled === undefined ? null : await readExecutable(compiled, name)
  const plugin = loadPlugin(found.path)
  const settings = clientOptions(options)
  const all = platform === 'cpu' ? { ...CPU_FLAGS, ...flags } : flags
  return new XlaEngine(await Client.create(plugin, settings, keyValues), name, all, saved)
}

/** Programs as StableHLO, compiled by XLA and run through PJRT. */
export class XlaEngine implements Engine {
  readonly name = 'xla'
  readonly platform: string
  readonly deviceCount: number
  readonly description: string

  constructor(
    readonly client: Client,
    private readonly plugin: string,
    private readonly flags: NonNullable<XlaOptions['flags']>,
    private readonly saved: SavedExecutable | null = null,
    readonly placement: Placement | null = null,
    /** Devices that this process reads and writes, by their index in the mesh. */
    private readonly localDevices: ReadonlySet<number> = new Set(
      client.devices.flatMap((device, i) => (client.addressable.includes(device) ? [i] : [])),
    ),
    readonly process: ProcessView = processOf(client),
  ) {
    this.platform = client.platform
    this.deviceCount = client.devices.length
    const [device] = client.devices
    const on = placement ? `, mesh ${showMesh(placement.mesh)}` : ''
    this.description = `xla on ${client.devices.length} x ${device.kind}${on} (${plugin}, PJRT ${client.plugin.apiVersion.join('.')})`
  }

  /**
   * The same devices with programs and arrays split over a mesh of them. Throws EngineError if the mesh has another size.
   */
  withPlacement(placement: Placement): XlaEngine {
    const { size } = placement.mesh
    if (size !== this.deviceCount)
      throw new EngineError(
        `mesh_shape ${showMesh(placement.mesh)} must have the ${this.deviceCount} devices of ${this.platform} (got ${size}). ` +
          `Use a mesh of ${this.deviceCount}${this.platform === 'cpu' ? `, or --devices ${size}` : ''}.`,
      )
    return new XlaEngine(
      this.client,
      this.plugin,
      this.flags,
      this.saved,
      size > 1 ? placement : null,
      this.localDevices,
      this.process,
    )
  }

  /** @deprecated Use `withPlacement`. */
  laidOut(placement: Placement): XlaEngine {
    return this.withPlacement(placement)
  }

  /**
   * The engine as seen by a process that has only these devices, given by index in the mesh: arrays are made and read in
   * part. Lets one process test what several do. With `process`, checkpoints are those of that process, too.
   */
  asProcess(devices: readonly number[], process: ProcessView = this.process): XlaEngine {
    return new XlaEngine(this.client, this.plugin, this.flags, this.saved, this.placement, new Set(devices), process)
  }

  private get mesh(): Mesh {
    return this.placement?.mesh ?? ONE_DEVICE
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const printed = this.print(program, options)
    debug('hlo', () => `${program.name}\n${printed.text}`)
    try {
      const { executable, fromCache, seconds } =
        (await this.loadSaved(program, printed.text)) ??
        (await compileCached(this.client, printed.text, this.compileOptions()))
      if (!fromCache) releaseFreedMemory()
      return new XlaExecutable(program, executable, fromCache, seconds, printed, this.mesh)
    } catch (error) {
      throw error instanceof PjrtError ? await this.explain(error, program, options) : error
    }
  }

  /** The saved program, if it has this name. Throws EngineError if it is another program of the same name. */
  private async loadSaved({ name }: Program, text: string): Promise<Compiled | null> {
    const { saved } = this
    if (saved?.name !== name) return null
    if (saved.program !== programFingerprint(text, this.mesh.size))
      throw new EngineError(
        `the compiled ${name} must be of this program (got another). Compile it with the same config, mesh, batch and ` +
          'version of neomesh, and run it with --layers scan.',
      )
    const start = performance.now()
    const executable = await this.client.deserialize(saved.executable)
    return { executable, fromCache: true, seconds: (performance.now() - start) / 1000 }
  }

  /**
   * Compiles a program for the profiler: its native form, whose optimized program names the lines of model code, without
   * the cache. Throws PjrtError.
   */
  compileWithLines(program: Program, options: CompileOptions = {}): Promise<PjrtExecutable> {
    return this.client.compile(this.print(program, options, true).text, this.compileOptions())
  }

  /** Compiles a part of an optimized program, an HloModuleProto, with this engine's flags. Throws PjrtError. */
  compilePart(module: Uint8Array): Promise<PjrtExecutable> {
    const { overrides, ...options } = this.compileOptions()
    // Its passes have run; to run them again would change it, and some do not expect their own results.
    return this.client.compile(module, { ...options, overrides: { ...overrides, xla_disable_all_hlo_passes: true } })
  }

  upload(data: HostData, dims: readonly Dim[], dtype: DType, role: Role = 'computation'): Storage {
    return XlaStorage.upload(this.client, this.localDevices, data, dims, dtype, this.mesh, this.axesOf(dims, role))
  }

  localRows(dims: readonly Dim[]): ReadonlySet<number> {
    const axes = this.axesOf(dims, 'computation')
    return leadingIndices(dims, axes, this.mesh, this.placement ? this.localDevices : [0])
  }

  localBlocks(dims: readonly Dim[], role: Role): readonly Block[] {
    const axes = this.axesOf(dims, role)
    const devices = this.placement ? [...this.localDevices] : [0]
    const blocks = devices.map((device) => blockOf(dims, axes, this.mesh, device))
    return [...new Map(blocks.map((block) => [block.starts.join(), block])).values()]
  }

  private axesOf(dims: readonly Dim[], role: Role): Axes {
    return this.placement ? axesOf(this.placement, dims, role) : dims.map(() => null)
  }

  close(): Promise<void> {
    return this.client.close()
  }

  private print(program: Program, options: CompileOptions, locations = false): Printed {
    const { placement } = this
    return printLaidOut(program, { ...options, placement, locations, physical: this.platform === 'cpu' })
  }

  private compileOptions() {
    const devices = this.client.devices.slice(0, this.mesh.size).map(({ id }) => id)
    return { overrides: this.flags, partitions: this.mesh.size, deviceAssignment: devices }
  }

  /** Compiles again with the lines of user code in the text, so that XLA's message names the line. */
  private async explain(error: PjrtError, program: Program, options: CompileOptions): Promise<Error> {
    if (error.code === 'RESOURCE_EXHAUSTED') return outOfMemory(error, program)
    const located = this.print(program, options, true).text
    const again = await this.client.compile(located, this.compileOptions()).then(
      (executable) => void executable.dispose(),
      (reason: unknown) => reason,
    )
    const cause = again instanceof PjrtError ? again : error
    return new EngineError(`XLA cannot compile the program "${program.name}" on ${this.platform}: ${cause.message}`, {
      cause,
    })
  }
}

/** This process, as the plugin knows it: processes are numbered from 0. */
function processOf({ devices, processIndex: index }: Client): ProcessView {
  const count = new Set(devices.map((device) => device.processIndex)).size
  return { index, count, owns: (device) => devices[device]?.processIndex === index }
}

class XlaExecutable implements Executable {
  /** Devices of this process that the program runs on, by index in the mesh, in the order of its rows. */
  private readonly deviceIndices: readonly number[]

  constructor(
    readonly program: Program,
    readonly native: PjrtExecutable,
    readonly fromCache: boolean,
    readonly seconds: number,
    private readonly printed: Printed,
    private readonly mesh: Mesh,
  ) {
    this.deviceIndices = native.devices.map((device) => native.client.devices.indexOf(device))
  }

  run(inputs: readonly Storage[]): { outputs: Storage[]; readonly done: Promise<void> } {
    const { program, printed, mesh, deviceIndices } = this
    inputs.forEach((x, i) => this.check(x, i))
    const rows = deviceIndices.map((device) => inputs.map((x) => (x as XlaStorage).buffers[device]!))
    try {
      const execution = this.native.execute(rows)
      const outputs = program.outputs.map(({ dims, dtype }, i) => {
        const buffers = Array<Buffer | null>(mesh.size).fill(null)
        execution.outputs.forEach((row, at) => (buffers[deviceIndices[at]] = row[i]))
        return new XlaStorage(buffers, dims, dtype, mesh, printed.outputs[i])
      })
      return {
        outputs,
        get done() {
          return explained(execution.done, program)
        },
      }
    } catch (error) {
      throw explainRun(error, program)
    }
  }

  private check(x: Storage, i: number): void {
    const { program, printed, mesh } = this
    if (!(x instanceof XlaStorage))
      throw new EngineError(`${program.name}: an argument must be on this engine. Read it, and upload it here.`)
    const lacking = this.deviceIndices.find((device) => !x.buffers[device])
    if (lacking !== undefined)
      throw new EngineError(
        `${program.name}: argument ${i} must have a part on device ${lacking} (got one made by another process)`,
      )
    if (mesh.size === 1 && x.mesh.size === 1) return
    if (x.mesh.size !== mesh.size || x.axes.join() !== printed.inputs[i].join())
      throw new EngineError(
        `${program.name}: argument ${i} must be split over [${printed.inputs[i].join(', ')}] (got [${x.axes.join(', ')}]). ` +
          'Make it on this engine, with the same role.',
      )
  }

  memory(): MemoryUse {
    const use = this.native.memoryStats()
    return {
      arguments: use.argument,
      outputs: use.output,
      aliased: use.alias,
      temporaries: use.temp,
      code: use.generatedCode,
    }
  }

  dispose(): void {
    this.native.dispose()
  }
}

/** Resolves when a run ends, rejects with its explained error; not waiting for it is no unhandled rejection. */
function explained(done: Promise<void>, program: Program): Promise<void> {
  const promise = done.catch((error) => {
    throw explainRun(error, program)
  })
  promise.catch(() => {})
  return promise
}

function explainRun(error: unknown, program: Program): unknown {
  return error instanceof PjrtError && error.code === 'RESOURCE_EXHAUSTED' ? outOfMemory(error, program) : error
}

function outOfMemory(error: PjrtError, program: Program): EngineError {
  const bytes = program.inputs.reduce((sum, x) => sum + bytesOf(x.dtype) * sizeOf(x.dims), 0)
  return new EngineError(
    `out of memory in the program "${program.name}", whose arguments take ${(bytes / 2 ** 30).toFixed(2)} GiB: use a smaller batch ` +
      `(train_batch_size, or tokens_per_mb_per_replica for microbatches), a shorter n_ctx, or recompute_grad. XLA says: ${error.message}`,
    { cause: error },
  )
}
