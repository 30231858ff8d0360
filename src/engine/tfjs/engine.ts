import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { showMesh, type Placement } from '../../mesh/index.js'
import type { Dim } from '../../tensor/dim.js'
import type { DType } from '../../tensor/dtype.js'
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
import { bf16ToFloats, floatsToBf16, floatsToF16, toFloats } from '../half.js'
import { bytesHeld, type Numbers } from './arrays.js'
import { Backend } from './backend.js'
import { planProgram } from './builder.js'
import { sizesOf } from './layout.js'
import { runPlan, type Plan } from './plan.js'

export interface TfjsOptions {
  /**
   * A backend that is registered with tfjs: importing its package does that. `cpu` is always there.
   * @default 'cpu'
   */
  readonly backend?: string
  /** What the backend computes on, if that is not the CPU. @default 'cpu' */
  readonly platform?: string
}

/** The engine on a backend of TensorFlow.js. Throws EngineError where there is none of this name, or it does not start. */
export async function openTfjs({ backend = 'cpu', platform = 'cpu' }: TfjsOptions = {}): Promise<TfjsEngine> {
  const native = tf.findBackend(backend) ?? (await start(backend))
  // On its first use the cpu backend would advise to install another one.
  if (backend === 'cpu') Object.assign(native, { firstUse: false })
  return new TfjsEngine(new Backend(backend, native), platform)
}

/** Some backends start asynchronously, which tfjs does only for the one that is to be its current one. */
async function start(name: string): Promise<tf.KernelBackend> {
  if (!tf.findBackendFactory(name)) {
    const known = Object.keys(tf.engine().registryFactory).join(', ')
    throw new EngineError(`TensorFlow.js has no backend "${name}" here, only ${known}: import the package that has it`)
  }
  const before = tf.getBackend()
  const started = await tf.setBackend(name)
  if (before) await tf.setBackend(before)
  if (!started) throw new EngineError(`the TensorFlow.js backend "${name}" does not start on this machine`)
  return tf.findBackend(name)
}

/** Programs interpreted on a backend of TensorFlow.js. A run is over when it returns. */
export class TfjsEngine implements Engine {
  readonly name = 'tfjs'
  readonly deviceCount = 1
  readonly placement = null
  readonly description: string
  private running: TfjsExecutable | null = null

  constructor(
    readonly backend: Backend,
    readonly platform: string,
  ) {
    this.description = `tfjs on ${backend.name} (TensorFlow.js ${tf.version_core})`
  }

  async compile(program: Program, { aliases = [] }: CompileOptions = {}): Promise<Executable> {
    const start = performance.now()
    const owned = program.inputs.map((_, i) => (aliases[i] ?? null) !== null)
    const plan = planProgram(program, this.backend, owned)
    return new TfjsExecutable(this, program, plan, owned, (performance.now() - start) / 1000)
  }

  rowsHere([rows]: readonly Dim[]): ReadonlySet<number> {
    return new Set(Array(rows.size).keys())
  }

  upload(data: HostData, dims: readonly Dim[], dtype: DType): Storage {
    return new TfjsStorage(this.backend, this.backend.tensor(fromHost(data, dtype), sizesOf(dims), dtype), dtype)
  }

  /** Memory is kept for the program that runs; another one gets it afresh. */
  enter(executable: TfjsExecutable): void {
    if (this.running !== executable) this.backend.trim()
    this.running = executable
  }

  /** Lets go of what a program left. */
  leave(executable: TfjsExecutable): void {
    if (this.running !== executable) return
    this.backend.trim()
    this.running = null
  }

  /** Programs here run on one device, so a mesh of more cannot be. */
  laidOut({ mesh }: Placement): TfjsEngine {
    if (mesh.size === 1) return this
    throw new EngineError(
      `the mesh ${showMesh(mesh)} has ${mesh.size} devices, and TensorFlow.js is one: use --engine xla`,
    )
  }

  async close(): Promise<void> {
    this.backend.trim()
  }
}

class TfjsStorage implements Storage {
  constructor(
    private readonly backend: Backend,
    readonly tensor: tf.Tensor,
    private readonly dtype: DType,
  ) {}

  async read(): Promise<HostData> {
    const numbers = (await this.backend.native.read(this.tensor.dataId)) as Numbers
    const data = toHost(numbers, this.dtype)
    await rest()
    return data
  }

  dispose(): void {
    this.backend.free(this.tensor)
  }
}

class TfjsExecutable implements Executable {
  readonly fromCache = false

  constructor(
    private readonly engine: TfjsEngine,
    readonly program: Program,
    private readonly plan: Plan,
    private readonly owned: readonly boolean[],
    readonly seconds: number,
  ) {}

  run(inputs: readonly Storage[]): { outputs: Storage[]; readonly done: Promise<void> } {
    const { engine, program, plan } = this
    const tensors = inputs.map((x) => {
      if (x instanceof TfjsStorage) return x.tensor
      throw new EngineError(`${program.name}: an argument lives on another engine; read it and make it here`)
    })
    engine.enter(this)
    const outputs = runPlan(plan, engine.backend, tensors)
    return {
      outputs: outputs.map((y, i) => new TfjsStorage(engine.backend, tf.keep(y), program.outputs[i].dtype)),
      done: Promise.resolve(),
    }
  }

  memory(): MemoryUse {
    const total = (values: Program['inputs']) =>
      values.reduce((sum, { dims, dtype }) => sum + bytesHeld(sizesOf(dims), dtype), 0)
    const { inputs, outputs } = this.program
    const [made, donated] = [total(outputs), total(inputs.filter((_, i) => this.owned[i]))]
    return {
      arguments: total(inputs),
      outputs: made,
      aliased: donated,
      temporaries: this.plan.peakBytes - made,
      code: 0,
    }
  }

  dispose(): void {
    this.engine.leave(this)
  }
}

function fromHost(data: HostData, dtype: DType): Numbers {
  if (dtype === 'u32') return Int32Array.from(data)
  if (dtype === 'bf16') return bf16ToFloats(data as Uint16Array)
  return dtype === 'f16' ? toFloats(data, dtype) : (data as Numbers).slice()
}

function toHost(numbers: Numbers, dtype: DType): HostData {
  if (dtype === 'bf16') return floatsToBf16(numbers as Float32Array)
  if (dtype === 'f16') return floatsToF16(numbers as Float32Array)
  return dtype === 'u32' ? Uint32Array.from(numbers) : numbers.slice()
}

/** Milliseconds that programs may run without a turn for timers, signals and the browser's window. */
const PATIENCE = 50
let rested = 0

async function rest(): Promise<void> {
  if (performance.now() - rested < PATIENCE) return
  await new Promise((resolve) => setTimeout(resolve))
  rested = performance.now()
}
