/** Runs compiled programs on made-up inputs, and measures them. */
import type { XlaEngine } from '../../engine/index.js'

type Native = Awaited<ReturnType<XlaEngine['compilePart']>>
type NativeBuffer = ReturnType<XlaEngine['client']['upload']>

/** Time of one run, in ms. */
export interface Time {
  /** Elapsed. */
  readonly wall: number
  /** Of all processors, which other programs on the machine lengthen less. */
  readonly processor: number
}

export interface MeasureOptions {
  /** Rounds of samples, of which the least counts. */
  readonly rounds: number
  /** The samples of a round take about this long together, in ms of processor time; at least three are made. */
  readonly roundMs: number
}

/**
 * The least time of a run over several samples. Arrays are filled with small positive numbers, integers with zeros: their
 * values do not change what XLA's code does, apart from indices, which all name the same element.
 */
export async function measure(engine: XlaEngine, native: Native, { rounds, roundMs }: MeasureOptions): Promise<Time> {
  const row: NativeBuffer[] = native.parameters.map(({ dtype, shape }) =>
    engine.client.upload(contents(dtype, shape), dtype, shape),
  )
  try {
    await once(engine, native, row) // code and pages are touched once
    const probe = await timed(() => once(engine, native, row))
    // A sample is long enough for the clock, and short enough that some are not interrupted.
    const runs = Math.max(1, Math.min(MOST_RUNS, Math.round(SAMPLE_MS / Math.max(0.001, probe.processor))))
    const inRound = Math.max(FEWEST_SAMPLES, Math.round(roundMs / (probe.processor * runs + 0.001)))
    let best = probe
    for (let sample = 0; sample < rounds * inRound; sample++) {
      const all = await timed(async () => {
        for (let i = 0; i < runs; i++) await once(engine, native, row)
      })
      best = {
        wall: Math.min(best.wall, all.wall / runs),
        processor: Math.min(best.processor, all.processor / runs),
      }
    }
    return best
  } finally {
    row.forEach((buffer) => buffer.dispose())
  }
}

const MOST_RUNS = 200
const SAMPLE_MS = 0.5
const FEWEST_SAMPLES = 3

/** One run; donated inputs are replaced by the results that took their memory over, of equal type and shape. */
async function once(engine: XlaEngine, native: Native, row: NativeBuffer[]): Promise<void> {
  const execution = native.execute([row])
  await execution.done
  const [outputs] = execution.outputs
  const free = new Set(outputs)
  for (const i of native.donated) {
    const { dtype, shape } = native.parameters[i]
    const next = [...free].find((each) => each.dtype === dtype && each.shape.join() === shape.join())
    if (next) free.delete(next)
    row[i] = next ?? engine.client.upload(contents(dtype, shape), dtype, shape)
  }
  for (const each of free) each.dispose()
}

async function timed(work: () => Promise<void>): Promise<Time> {
  const before = process.cpuUsage()
  const start = performance.now()
  await work()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  return { wall, processor: (user + system) / 1000 }
}

/** Numbers around 0.01, without denormal ones, with which arithmetic would be slow. */
function contents(dtype: NativeBuffer['dtype'], shape: readonly number[]): ArrayBufferView {
  const size = shape.reduce((product, each) => product * each, 1)
  const value = (i: number) => 0.005 + 0.01 * ((i * 0.618034) % 1)
  if (dtype === 'f32') return Float32Array.from({ length: size }, (_, i) => value(i))
  if (dtype === 'f64') return Float64Array.from({ length: size }, (_, i) => value(i))
  // The upper half of an f32 is a bf16.
  if (dtype === 'bf16') {
    const floats = new Uint32Array(Float32Array.from({ length: size }, (_, i) => value(i)).buffer)
    return Uint16Array.from(floats, (bits) => bits >>> 16)
  }
  if (dtype === 'f16') return new Uint16Array(size).fill(0x2000) // 2^-7
  return new Uint8Array(size * (BYTES[dtype] ?? 4))
}

const BYTES: Readonly<Record<string, number>> = { bool: 1, i8: 1, u8: 1, i16: 2, u16: 2, i64: 8, u64: 8 }
