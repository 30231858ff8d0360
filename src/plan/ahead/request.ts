import type { Axis } from '../../mesh/index.js'
import type { Collective } from '../hlo/collectives.js'
import type { Cycles } from '../hlo/cycles.js'
import type { CostAnalysis, ProgramMemory } from '../../engine/xla/pjrt/index.js'
import type { Overfull } from './memory-report.js'

/** A compilation, as one process asks another for it. */
export interface CompileRequest {
  /** StableHLO. */
  readonly text: string
  readonly mesh: readonly Axis[]
  readonly on:
    | { readonly platform: 'cpu' }
    | {
        readonly platform: 'tpu'
        readonly name: string
        readonly options: Readonly<Record<string, string | readonly number[]>>
      }
  /** Whether the executable is wanted. */
  readonly keep: boolean
}

/** What XLA says of a compiled program. Bytes are those of one device. */
export interface CompiledFacts {
  /** As in `libtpu 0.0.52`. */
  readonly compiler: string
  /** Of the compilation alone. */
  readonly seconds: number
  /** Processor time of that, of all threads. */
  readonly cpuSeconds: number
  readonly memory: ProgramMemory
  /** Bytes that a device has for programs; null where XLA does not know (CPU). */
  readonly available: number | null
  /** Of one run on one device, loops counted as often as they turn. */
  readonly flops: number
  /** XLA's estimate of the cycles of its kernels; null where it makes none (CPU). */
  readonly cycles: Cycles | null
  /** XLA's own sums, in which loops count once; null where it makes none (CPU). */
  readonly costs: Pick<CostAnalysis, 'flops' | 'bytes accessed' | 'optimal_seconds'> | null
  readonly collectives: readonly Collective[]
  /** Loops of which the number of turns is not known, so that they count once. */
  readonly unknownLoops: readonly string[]
  readonly executable: Uint8Array | null
}

export type CompileAnswer =
  | { readonly kind: 'compiled'; readonly facts: CompiledFacts }
  /** It needs more memory than a device has; the report is on stderr. */
  | { readonly kind: 'overfull'; readonly message: string; readonly available: number | null; readonly seconds: number }
  | { readonly kind: 'failed'; readonly message: string }

/** As `CompileAnswer`, with what the parent has read from stderr and of the process. */
export type CompileResult = { readonly hostMemory: number | null } & (
  | { readonly kind: 'compiled'; readonly facts: CompiledFacts }
  | {
      readonly kind: 'overfull'
      readonly overfull: Overfull
      readonly available: number | null
      readonly seconds: number
    }
)
