import type { Axis } from '../../mesh/index.js'
import type { Collective } from '../hlo/collectives.js'
import type { Cycles } from '../hlo/cycles.js'
import type { CostAnalysis, ProgramMemory } from '../../engine/xla/pjrt/index.js'
import type { OutOfMemoryReport } from './memory-report.js'

/** A request to the compiling subprocess. */
export interface CompileRequest {
  /** StableHLO. */
  readonly text: string
  readonly mesh: readonly Axis[]
  readonly on:
    | { readonly platform: 'cpu' }
    | {
        readonly platform: 'tpu' | 'cuda'
        /** The plugin's name of the topology. */
        readonly name: string
        readonly options: Readonly<Record<string, string | readonly number[]>>
        /** Variables that the compiler needs. */
        readonly environment?: Readonly<Record<string, string>>
      }
  /** Whether to return the executable. */
  readonly keep: boolean
}

/** A program compiled by XLA. Bytes are those of one device. */
export interface CompiledFacts {
  /** For example `libtpu 0.0.52`. */
  readonly compiler: string
  /** Compile time. */
  readonly seconds: number
  /** CPU time of that, of all threads. */
  readonly cpuSeconds: number
  readonly memory: ProgramMemory
  /** Bytes of a device that programs can use; null where XLA does not know (CPU). */
  readonly available: number | null
  /** Of one run on one device, with loop bodies counted once per iteration. */
  readonly flops: number
  /** XLA's estimate of the cycles of its kernels; null where there is none (CPU). */
  readonly cycles: Cycles | null
  /** XLA's cost analysis, in which a loop body counts once; null where there is none (CPU). */
  readonly costs: Pick<CostAnalysis, 'flops' | 'bytes accessed' | 'optimal_seconds'> | null
  readonly collectives: readonly Collective[]
  /** Loops whose trip count is not known, so that they count once. */
  readonly unknownLoops: readonly string[]
  readonly executable: Uint8Array | null
}

export type CompileAnswer =
  | { readonly kind: 'compiled'; readonly facts: CompiledFacts }
  /** The program needs more memory than a device has; the report is on stderr. */
  | {
      readonly kind: 'outOfMemory'
      readonly message: string
      readonly available: number | null
      readonly seconds: number
    }
  | { readonly kind: 'failed'; readonly message: string }

/** A `CompileAnswer` with what the parent read from stderr, and the peak memory of the process. */
export type CompileResult = { readonly hostMemory: number | null } & (
  | { readonly kind: 'compiled'; readonly facts: CompiledFacts }
  | {
      readonly kind: 'outOfMemory'
      readonly outOfMemory: OutOfMemoryReport
      readonly available: number | null
      readonly seconds: number
    }
)
