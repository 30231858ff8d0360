import { compileInSubprocess, cudaEnvironment } from '#plan-compiler'
import { findPlugin, PluginNotFoundError, programFingerprint, type SavedExecutable } from '../engine/index.js'
import type { Placement } from '../mesh/index.js'
import { LIMITS, PlanError, type Limits } from './ahead/limits.js'
import { nameShapes, type Buffer } from './buffers.js'
import { targetOf } from './gpu/target.js'
import type { Hardware } from './hardware.js'
import type { CompileRequest } from './ahead/request.js'
import type { Collective } from './hlo/collectives.js'
import type { Cycles } from './hlo/cycles.js'
import type { LoweredStep } from './static/estimate.js'

/** A step compiled by XLA. Bytes and flops are those of one device. */
export interface XlaPlan {
  readonly compiler: string | null
  /** Compile time, seconds. */
  readonly seconds: number
  /** CPU time of that; null if it does not fit. */
  readonly cpuSeconds: number | null
  /** Peak memory of the compilation on this machine, bytes. */
  readonly hostMemory: number | null
  /** Bytes of a device that programs can use; null where XLA does not know. */
  readonly available: number | null
  /** Null if it does not fit. */
  readonly memory: {
    readonly arguments: number
    readonly temporaries: number
    /** Results that reuse no argument's memory. */
    readonly outputs: number
    readonly code: number
    readonly total: number
  } | null
  /** If it does not fit: bytes that it needs, and the largest buffers. */
  readonly outOfMemory: { readonly total: number; readonly buffers: readonly Buffer[] } | null
  /** Of matrix products, on one device. */
  readonly flops: number | null
  /** XLA's estimate of its kernels, without waiting for data. */
  readonly cycles: Cycles | null
  readonly collectives: readonly Collective[] | null
  readonly unknownLoops: readonly string[]
  /** If it was to be kept: for `writeExecutable`, and then `neomesh train --compiled`. */
  readonly executable: SavedExecutable | null
}

/** Compiles a step in a subprocess. Throws PlanError if there is no compiler, or if it fails or exceeds a limit. */
export async function compileWithXla(
  step: LoweredStep,
  placement: Placement,
  hardware: Hardware,
  { limits = LIMITS, keep = false, signal }: { limits?: Limits; keep?: boolean; signal?: AbortSignal },
): Promise<XlaPlan> {
  const on = compilerOf(hardware)
  const { text } = step.print()
  const result = await compileInSubprocess({ text, mesh: placement.mesh.axes, on, keep }, limits, signal)
  const { hostMemory } = result
  if (result.kind === 'outOfMemory') {
    const { needed, buffers } = result.outOfMemory
    const named = nameShapes(step, placement)
    return {
      ...NOTHING,
      seconds: result.seconds,
      hostMemory,
      available: result.available,
      outOfMemory: { total: needed, buffers: buffers.map(({ bytes, shapes }) => ({ bytes, what: shapes.map(named) })) },
    }
  }
  const { memory, executable, costs: _, ...facts } = result.facts
  const outputs = memory.output - memory.alias
  return {
    ...NOTHING,
    ...facts,
    hostMemory,
    memory: {
      arguments: memory.argument,
      temporaries: memory.temp,
      outputs,
      code: memory.generatedCode,
      total: memory.argument + memory.temp + outputs + memory.generatedCode,
    },
    executable: executable && {
      name: step.program.name,
      program: programFingerprint(text, placement.mesh.size),
      compiler: facts.compiler,
      executable,
    },
  }
}

/** The compiler for some hardware. Throws PlanError where it is not installed, or there is none. */
export function compilerOf({ name, topology, cluster }: Hardware): CompileRequest['on'] {
  if (topology) {
    requireLibtpu()
    return { platform: 'tpu', ...topology.libtpu }
  }
  if (!cluster) return { platform: 'cpu' }
  const target = targetOf(cluster)
  if (!target)
    throw new PlanError(
      `plans for ${name} must be by estimate alone: XLA's plugin for ${cluster.card.product} compiles on machines that have one. Pass --static`,
    )
  return {
    platform: 'cuda',
    name: target.topology,
    options: { target_config: target.config, topology: target.topology },
    environment: cudaEnvironment(),
  }
}

function requireLibtpu(): void {
  try {
    findPlugin('tpu')
  } catch (error) {
    if (!(error instanceof PluginNotFoundError)) throw error
    throw new PlanError(
      "libtpu, Google's compiler for TPUs, is not installed (it needs no TPU): make plan-setup, or in a virtual " +
        'environment pip install --no-deps libtpu==0.0.52 (0.5 GB); or plan by estimate alone: --static',
    )
  }
}

const NOTHING = {
  compiler: null,
  cpuSeconds: null,
  memory: null,
  outOfMemory: null,
  flops: null,
  cycles: null,
  collectives: null,
  unknownLoops: [],
  executable: null,
}
