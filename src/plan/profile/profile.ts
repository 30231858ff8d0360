/**
 * Where the time of a compiled program goes. XLA's CPU plugin has no profiler to ask (its extension of the PJRT API is for GPUs
 * and TPUs), so the optimized program is cut into its operations, and each is compiled and run alone. The sum is checked
 * against the time of the whole program.
 */
import { EngineError, XlaEngine, type Engine, type Lowered } from '../../engine/index.js'
import { bytesOfShape } from '../hlo/shapes.js'
import { cut, type Piece } from './pieces.js'
import { measure, type MeasureOptions, type Time } from './run.js'
import { flopsOfPiece, kindOf, lineOf, typesOf, type OperationKind } from './describe.js'

/** Operations that do the same, at the same line of code. */
export interface ProfiledOperation {
  readonly kind: OperationKind
  /** XLA's name of the first one. */
  readonly name: string
  /** Result, as in `bf16[2,1024,768]`. */
  readonly result: string
  /** Line of model code that made it, as in `src/model/norm.ts:14`; empty if XLA does not know. */
  readonly line: string
  /** Runs in one run of the program. */
  readonly times: number
  /** All of its runs together, in ms. */
  readonly time: Time
  /** Share of processor time of all operations, 0 to 1. */
  readonly share: number
  /** Floating-point operations of one run of the program. */
  readonly flops: number
  /** Bytes of operands and results, all of its runs together: read and written at most. */
  readonly bytes: number
  /** The time that the machine's peaks of arithmetic and of memory allow, by the time it takes: 1 is the roofline. */
  readonly roofline: number
}

export interface Profile {
  readonly program: string
  /** The slowest first. */
  readonly operations: readonly ProfiledOperation[]
  /** One run of the whole program. */
  readonly whole: Time
  /** All operations, each run alone. */
  readonly sum: Time
  /** Peaks measured by XLA's own products and copies on this machine: per ms of processor time. */
  readonly peaks: Peaks
  /** Operations that could not be run alone, and loops with an unknown trip count. */
  readonly omitted: readonly string[]
}

export interface Peaks {
  /** Floating-point operations of a product in f32 and in bf16. */
  readonly f32: number
  readonly bf16: number
  /** Bytes of a copy, those read and those written. */
  readonly bytes: number
}

export interface ProfileOptions extends Partial<MeasureOptions> {
  /** Called before each operation is run. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/**
 * Time, flops, bytes and line of code of each operation of a program, of which each is run alone, in the layout and with
 * the code that XLA gave it in the whole. Alone, an operation finds its operands in a cache more or less often than in the
 * program, so compare `sum` with `whole`. Time is processor time: on several processors, of all of them. Needs the engine xla
 * on a CPU. Throws EngineError for another engine, PjrtError if the program cannot be compiled.
 *
 * @example
 * const engine = await openXla()
 * const profile = await profileProgram(engine, lowerStep(config, null, 'unroll'))
 * console.log(profileTable(profile))
 */
export async function profileProgram(
  engine: Engine,
  lowered: Lowered,
  { rounds = 3, roundMs = 20, onProgress, signal }: ProfileOptions = {},
): Promise<Profile> {
  if (!(engine instanceof XlaEngine) || engine.platform !== 'cpu' || engine.placement !== null)
    throw new EngineError(`a profile needs one device of XLA on a CPU (got ${engine.description}). Use --engine xla`)
  const { program, aliases, roles } = lowered
  const native = await engine.compileWithLines(program, { aliases, roles })
  const options = { rounds, roundMs }
  const whole = await measure(engine, native, options)
  const { pieces, omitted } = cut(native.optimizedProgram())
  native.dispose()
  signal?.throwIfAborted()

  const overhead = await overheadOf(engine, options)
  const peaks = await peaksOf(engine, options)
  const distinct = new Map(pieces.map((piece) => [piece.key, piece]))
  const times = new Map<string, Time>()
  const failed = new Set<string>()
  for (const piece of distinct.values()) {
    signal?.throwIfAborted()
    onProgress?.(times.size + failed.size, distinct.size)
    try {
      const alone = await engine.compilePart(piece.module)
      try {
        const { wall, processor } = await measure(engine, alone, options)
        times.set(piece.key, {
          wall: Math.max(0, wall - overhead.wall),
          processor: Math.max(0, processor - overhead.processor),
        })
      } finally {
        alone.dispose()
      }
    } catch (error) {
      if ((error as Error).name !== 'PjrtError') throw error
      failed.add(piece.key)
    }
  }
  const timed = pieces.filter(({ key }) => times.has(key))
  const sum = add(timed.map(({ key, times: count }) => scale(times.get(key)!, count)))
  return {
    program: program.name,
    operations: grouped(timed, times, sum, peaks),
    whole,
    sum,
    peaks,
    omitted: [...omitted, ...pieces.filter(({ key }) => failed.has(key)).map(({ instruction }) => instruction.name)],
  }
}

function grouped(
  pieces: readonly Piece[],
  times: ReadonlyMap<string, Time>,
  sum: Time,
  peaks: Peaks,
): ProfiledOperation[] {
  const groups = new Map<string, Piece[]>()
  for (const piece of pieces) {
    const key = `${piece.key} ${lineOf(piece)}`
    groups.set(key, [...(groups.get(key) ?? []), piece])
  }
  const operations = [...groups.values()].map((group): ProfiledOperation => {
    const [first] = group
    const count = group.reduce((total, each) => total + each.times, 0)
    const time = scale(times.get(first.key)!, count)
    const flops = flopsOfPiece(first)
    const bytes = [first.instruction.shape, ...first.inputs].reduce((total, each) => total + bytesOfShape(each), 0)
    const { result, isHalf } = typesOf(first)
    const least = Math.max((count * flops) / (isHalf ? peaks.bf16 : peaks.f32), (count * bytes) / peaks.bytes)
    return {
      kind: kindOf(first),
      name: first.instruction.name,
      result,
      line: lineOf(first),
      times: count,
      time,
      share: time.processor / sum.processor,
      flops: count * flops,
      bytes: count * bytes,
      roofline: time.processor > 0 ? least / time.processor : 0,
    }
  })
  return operations.sort((a, b) => b.time.processor - a.time.processor)
}

const scale = ({ wall, processor }: Time, by: number): Time => ({ wall: wall * by, processor: processor * by })
const add = (times: readonly Time[]): Time => ({
  wall: times.reduce((sum, { wall }) => sum + wall, 0),
  processor: times.reduce((sum, { processor }) => sum + processor, 0),
})

/** What starting a program and waiting for it takes, apart from its work. */
async function overheadOf(engine: XlaEngine, options: MeasureOptions): Promise<Time> {
  return measureText(
    engine,
    options,
    'f32',
    '',
    ['8xf32'],
    '8xf32',
    '"stablehlo.negate"(%0) : (tensor<8xf32>) -> tensor<8xf32>',
  )
}

const SIDE = 1024
const COPIED = 2 ** 24

async function peaksOf(engine: XlaEngine, options: MeasureOptions): Promise<Peaks> {
  const product = async (type: string) => {
    const matrix = `${SIDE}x${SIDE}x${type}`
    const dot = `"stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>} : (tensor<${matrix}>, tensor<${matrix}>) -> tensor<${matrix}>`
    const { processor } = await measureText(engine, options, type, '', [matrix, matrix], matrix, dot)
    return (2 * SIDE ** 3) / processor
  }
  const array = `${COPIED}xf32`
  const negate = `"stablehlo.negate"(%0) : (tensor<${array}>) -> tensor<${array}>`
  const { processor } = await measureText(
    engine,
    options,
    'f32',
    '{tf.aliasing_output = 0 : i32}',
    [array],
    array,
    negate,
  )
  return { f32: await product('f32'), bf16: await product('bf16'), bytes: (2 * 4 * COPIED) / processor }
}

async function measureText(
  engine: XlaEngine,
  options: MeasureOptions,
  name: string,
  attribute: string,
  inputs: readonly string[],
  result: string,
  operation: string,
): Promise<Time> {
  const parameters = inputs.map((type, i) => `%${i}: tensor<${type}> ${attribute}`).join(', ')
  const text = `module @${name} {\n  func.func public @main(${parameters}) -> tensor<${result}> {\n    %r = ${operation}\n    return %r : tensor<${result}>\n  }\n}\n`
  const native = await engine.client.compile(text)
  try {
    return await measure(engine, native, options)
  } finally {
    native.dispose()
  }
}
