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
  type Storage,
} from '../engine.js'
import { debug } from '../debug.js'
import { HOST_ARRAYS } from '../device-array.js'
import { compileCached } from './cache.js'
import { findPlugin, type Platform } from './discovery.js'
import {
  Buffer,
  Client,
  loadPlugin,
  PjrtError,
  releaseFreedMemory,
  type Executable as PjrtExecutable,
  type NamedValue,
} from './pjrt/index.js'
import { printStableHlo } from './stablehlo.js'

export interface XlaOptions {
  /** @default 'cpu' */
  readonly platform?: Platform
  /** Virtual devices, on the CPU platform. @default 1 */
  readonly deviceCount?: number
  /** Flags of XLA for every program, as in `{ xla_cpu_enable_fast_math: true }`. */
  readonly flags?: Readonly<Record<string, boolean | number | string>>
}

/**
 * Starts XLA through a PJRT plugin. Throws PluginNotFoundError where there is none, PjrtError where it does not start; both
 * say what to do.
 */
export async function openXla({ platform = 'cpu', deviceCount = 1, flags = {} }: XlaOptions = {}): Promise<XlaEngine> {
  const found = findPlugin(platform)
  const plugin = loadPlugin(found.path)
  const settings: Record<string, NamedValue> = platform === 'cpu' ? { cpu_device_count: deviceCount } : {}
  return new XlaEngine(
    await Client.create(plugin, settings),
    `${found.package ?? found.path} ${found.version ?? ''}`.trim(),
    flags,
  )
}

/** Programs as StableHLO, compiled by XLA and run through PJRT. */
export class XlaEngine implements Engine {
  readonly name = 'xla'
  readonly platform: string
  readonly deviceCount: number
  readonly description: string

  constructor(
    readonly client: Client,
    plugin: string,
    private readonly flags: NonNullable<XlaOptions['flags']>,
  ) {
    this.platform = client.platform
    this.deviceCount = client.devices.length
    const [device] = client.devices
    this.description = `xla on ${client.devices.length} x ${device.kind} (${plugin}, PJRT ${client.plugin.apiVersion.join('.')})`
  }

  async compile(program: Program, { aliases }: CompileOptions = {}): Promise<Executable> {
    const text = printStableHlo(program, { aliases, physical: this.platform === 'cpu' })
    debug('hlo', () => `${program.name}\n${text}`)
    try {
      const { executable, fromCache, seconds } = await compileCached(this.client, text, { overrides: this.flags })
      if (!fromCache) releaseFreedMemory()
      return new XlaExecutable(program, executable, fromCache, seconds)
    } catch (error) {
      throw error instanceof PjrtError ? await this.explain(error, program, aliases) : error
    }
  }

  upload(data: HostData, dims: readonly Dim[], dtype: DType): Storage {
    return new XlaStorage(
      this.client.upload(
        data,
        dtype,
        dims.map(({ size }) => size),
      ),
      dtype,
      dims,
    )
  }

  close(): Promise<void> {
    return this.client.close()
  }

  /** Compiles again with the lines of user code in the text, so that XLA's message names the line. */
  private async explain(error: PjrtError, program: Program, aliases: CompileOptions['aliases']): Promise<Error> {
    if (error.code === 'RESOURCE_EXHAUSTED') return outOfMemory(error, program)
    const located = printStableHlo(program, { aliases, locations: true, physical: this.platform === 'cpu' })
    const again = await this.client.compile(located, { overrides: this.flags }).then(
      (executable) => void executable.dispose(),
      (reason: unknown) => reason,
    )
    const cause = again instanceof PjrtError ? again : error
    return new EngineError(`XLA cannot compile the program "${program.name}" on ${this.platform}: ${cause.message}`, {
      cause,
    })
  }
}

class XlaStorage implements Storage {
  constructor(
    readonly buffer: Buffer,
    private readonly dtype: DType,
    private readonly dims: readonly Dim[],
  ) {}

  async read(): Promise<HostData> {
    const bytes = await this.buffer.download()
    const kind = HOST_ARRAYS[this.dtype]
    return new kind(bytes.buffer as ArrayBuffer, bytes.byteOffset, sizeOf(this.dims)) as HostData
  }

  dispose(): void {
    this.buffer.dispose()
  }
}

class XlaExecutable implements Executable {
  constructor(
    readonly program: Program,
    readonly native: PjrtExecutable,
    readonly fromCache: boolean,
    readonly seconds: number,
  ) {}

  run(inputs: readonly Storage[]): { outputs: Storage[]; readonly done: Promise<void> } {
    const { program } = this
    const buffers = inputs.map((x) => {
      if (!(x instanceof XlaStorage))
        throw new EngineError(`${program.name}: an argument lives on another engine; read it and make it here`)
      return x.buffer
    })
    try {
      const execution = this.native.execute([buffers])
      const outputs = execution.outputs[0].map(
        (buffer, i) => new XlaStorage(buffer, program.outputs[i].dtype, program.outputs[i].dims),
      )
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

/** A run's end, its errors explained; nobody has to wait for it. */
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
