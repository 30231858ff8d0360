import { showMesh, wholeBlock, type Block, type Placement } from '../../mesh/index.js'
import type { Dim } from '../../tensor/dim.js'
import type { DType } from '../../tensor/dtype.js'
import type { Program } from '../../tensor/program.js'
import {
  EngineError,
  ONE_PROCESS,
  type CompileOptions,
  type Engine,
  type Executable,
  type HostData,
  type MemoryUse,
  type Piece,
  type Storage,
} from '../engine.js'
import { bf16ToFloats, floatsToBf16, floatsToF16, toFloats } from '../half.js'
import { bytesHeld, type Numbers } from './arrays.js'
import { planProgram } from './builder.js'
import { sizesOf } from './layout.js'
import type { Memory } from './memory.js'
import { runAbandonable, type Plan } from './plan.js'
import { useHeap, withThreads } from './wasm/threads.js'

/** Runs programs as plans over arrays of a kind T, by the host's kernels and a library's. A run is over when it returns. */
export class Interpreter<T, M extends Memory<T> = Memory<T>> implements Engine {
  readonly deviceCount = 1
  readonly placement = null
  readonly process = ONE_PROCESS
  private running: Interpreted<T> | null = null
  private readonly release: () => void
  private closed = false

  /** @param threads most that run the host's kernels */
  constructor(
    readonly name: string,
    readonly description: string,
    readonly platform: string,
    readonly memory: M,
    readonly threads = 1,
  ) {
    this.release = useHeap(this, threads)
  }

  async compile(program: Program, { aliases = [] }: CompileOptions = {}): Promise<Executable> {
    const start = performance.now()
    const owned = program.inputs.map((_, i) => (aliases[i] ?? null) !== null)
    const plan = planProgram(program, this.memory, owned)
    await this.memory.device?.compiled()
    return new Interpreted(this, program, plan, owned, (performance.now() - start) / 1000)
  }

  localRows([rows]: readonly Dim[]): ReadonlySet<number> {
    return new Set(Array(rows.size).keys())
  }

  localBlocks(dims: readonly Dim[]): readonly Block[] {
    return [wholeBlock(dims)]
  }

  upload(data: HostData, dims: readonly Dim[], dtype: DType): Storage {
    const { memory } = this
    return new ArrayStorage(memory, memory.array(fromHost(data, dtype), sizesOf(dims), dtype), dtype, dims)
  }

  /** Memory is kept for the program that runs; another one allocates afresh. */
  enter(executable: Interpreted<T>): void {
    if (this.closed)
      throw new EngineError(`${executable.program.name} must run on an open engine (got a closed one). Open another.`)
    if (this.running !== executable) this.memory.trim()
    this.running = executable
  }

  /** Releases what a program left. */
  leave(executable: Interpreted<T>): void {
    if (this.running !== executable) return
    this.memory.trim()
    this.running = null
  }

  withPlacement({ mesh }: Placement): this {
    if (mesh.size === 1) return this
    throw new EngineError(
      `mesh_shape ${showMesh(mesh)} must have 1 device with the engine ${this.name} (got ${mesh.size}). Use --engine xla.`,
    )
  }

  /** Idempotent. Ends its threads, and gives memory back when no engine of this kind is open. */
  async close(): Promise<void> {
    this.closed = true
    this.running = null
    this.memory.trim()
    this.release()
  }
}

class ArrayStorage<T> implements Storage {
  constructor(
    readonly memory: Memory<T>,
    readonly array: T,
    private readonly dtype: DType,
    private readonly dims: readonly Dim[],
  ) {}

  async read(into?: HostData): Promise<HostData> {
    const numbers = this.memory.read(this.array)
    // What is there is copied at once: its memory may be reused as soon as others run.
    const data = toHost(numbers instanceof Promise ? await numbers : numbers, this.dtype, into)
    await yieldToEvents()
    return data
  }

  pieces(): readonly Piece[] {
    return [{ block: wholeBlock(this.dims), read: (into) => this.read(into) }]
  }

  dispose(): void {
    this.memory.free(this.array)
  }
}

class Interpreted<T> implements Executable {
  readonly fromCache = false

  constructor(
    private readonly engine: Interpreter<T>,
    readonly program: Program,
    private readonly plan: Plan<T>,
    private readonly owned: readonly boolean[],
    readonly seconds: number,
  ) {}

  run(inputs: readonly Storage[], signal?: AbortSignal): { outputs: Storage[]; readonly done: Promise<void> } {
    const { engine, program, plan } = this
    const { memory } = engine
    const arrays = inputs.map((x) => {
      if (x instanceof ArrayStorage && x.memory === memory) return x.array as T
      throw new EngineError(`${program.name}: an argument must be on this engine. Read it, and upload it here.`)
    })
    engine.enter(this)
    const outputs = withThreads(engine.threads, () => runAbandonable(plan, memory, arrays, signal))
    memory.device?.submit()
    return {
      outputs: outputs.map(
        (y, i) => new ArrayStorage(memory, memory.keep(y), program.outputs[i].dtype, program.outputs[i].dims),
      ),
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

function toHost(numbers: Numbers, dtype: DType, into?: HostData): HostData {
  if (dtype === 'f32' && into instanceof Float32Array && into.length === numbers.length) {
    into.set(numbers)
    return into
  }
  if (dtype === 'bf16') return floatsToBf16(numbers as Float32Array)
  if (dtype === 'f16') return floatsToF16(numbers as Float32Array)
  return dtype === 'u32' ? Uint32Array.from(numbers) : numbers.slice()
}

/** Milliseconds that programs may run without a turn for timers, signals and the browser's window. */
const LONGEST_TURN = 50
let yielded = 0

async function yieldToEvents(): Promise<void> {
  if (performance.now() - yielded < LONGEST_TURN) return
  await new Promise((resolve) => setTimeout(resolve))
  yielded = performance.now()
}
