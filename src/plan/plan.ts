import type { ModelConfig } from '../config/index.js'
import { LayoutError, parsePlacement, partsOf, showLayout, showMesh, type Mesh } from '../mesh/index.js'
import { lowerStep, microbatchCount } from '../train/index.js'
import { adviceFor, type Advice } from './advice.js'
import { compileApart, LIMITS, type Limits } from './ahead/compile.js'
import type { CompileResult } from './ahead/request.js'
import { nameShapes, type Buffer } from './buffers.js'
import { costsOf } from './costs.js'
import type { Hardware } from './hardware.js'
import type { Collective } from './hlo/collectives.js'
import { rematOf } from './remat.js'
import { communicationSeconds, estimate, type Estimate } from './static/estimate.js'

export interface PlanOptions {
  readonly hardware: Hardware
  /** Whether to ask XLA, which takes minutes, or to estimate alone. @default true */
  readonly compile?: boolean
  readonly limits?: Limits
  /** Whether to keep the executable. @default false */
  readonly keep?: boolean
  readonly signal?: AbortSignal
}

/** What a training step of a config costs on some hardware: plain data. Bytes and flops are those of one device. */
export interface Plan {
  readonly hardware: {
    readonly name: string
    readonly devices: number
    readonly chips: number | null
    readonly hosts: number | null
    /** Bytes that programs can use. */
    readonly memory: number | null
    /** bf16 operations a second. */
    readonly peakFlops: number | null
  }
  readonly model: {
    readonly parameters: number
    readonly context: number
    readonly batch: number
    readonly microbatches: number
    readonly precision: ModelConfig['precision']
    /** What of each layer is kept for the backward pass. */
    readonly remat: NonNullable<ModelConfig['remat_policy']>
    /** Forward, for each token. */
    readonly flopsPerToken: number
  }
  readonly mesh: string
  readonly layout: string
  /** Rules beyond `layout`. */
  readonly parameterLayout: string
  /** What of the layout has no effect. */
  readonly warnings: readonly string[]
  readonly estimate: Estimate
  /** Seconds that the estimate took. */
  readonly estimateSeconds: number
  readonly xla: XlaPlan | null
  /** Null if the memory is not known. By XLA where it was asked. */
  readonly fits: boolean | null
  /** How fast a step is; null where that cannot be said. */
  readonly step: StepTime | null
  /** What would make it fit, by estimate. */
  readonly advice: readonly Advice[]
}

export interface XlaPlan {
  readonly compiler: string | null
  /** Seconds that compiling took. */
  readonly seconds: number
  /** Processor time of that; null if it does not fit. */
  readonly cpuSeconds: number | null
  /** Bytes of this machine's memory that compiling took at the most. */
  readonly hostMemory: number | null
  /** Null if it does not fit. */
  readonly memory: {
    readonly arguments: number
    readonly temporaries: number
    /** Of results that take over no argument's memory. */
    readonly outputs: number
    readonly code: number
    readonly total: number
  } | null
  /** If it does not fit: bytes that it would take, and the largest pieces of them. */
  readonly overfull: { readonly total: number; readonly buffers: readonly Buffer[] } | null
  readonly flops: number | null
  readonly collectives: readonly Collective[] | null
  readonly unknownLoops: readonly string[]
  readonly executable: Uint8Array | null
}

export interface StepTime {
  /** Compute and communication one after the other, as if nothing of them overlapped. */
  readonly seconds: number
  readonly compute: number
  readonly communication: number
  readonly tokensPerSecond: number
  /** Flops that the model needs, of those that the devices could do in the time. */
  readonly utilization: number
  /** Where `compute` is from: cycles that XLA estimates for its kernels, or the roofline. */
  readonly source: 'xla' | 'estimate'
}

/**
 * Plans the training step of a config, with the mesh and layouts that it names.
 * @throws LayoutError for a layout that cannot be, PlanError if XLA comes to no end
 */
export async function plan(config: ModelConfig, options: PlanOptions): Promise<Plan> {
  const { hardware, compile = true, limits = LIMITS, keep = false, signal } = options
  const start = performance.now()
  const placement = parsePlacement(config.mesh_shape, config.layout, config.parameter_layout)
  const { mesh } = placement
  if (mesh.size !== hardware.devices)
    throw new LayoutError(
      `mesh_shape: ${showMesh(mesh) || 'no mesh'} is for ${mesh.size} devices, and ${hardware.name} has ${hardware.devices}: ` +
        'name another by --mesh, or let --search find one',
    )
  const step = lowerStep(config, placement)
  if (step.problems.length > 0) throw new LayoutError(step.problems.join('\n'))
  const estimated = estimate(step, config, placement, hardware)
  const estimateSeconds = (performance.now() - start) / 1000
  const result = compile
    ? await compileFor(step.print().text, placement.mesh.axes, { hardware, limits, keep, signal })
    : null
  const xla = result && xlaPlanOf(result, nameShapes(step, placement))
  const fits = fitsOn(hardware, estimated, xla)
  const further = [...placement.parameterLayout].filter(([dim, axis]) => placement.layout.get(dim) !== axis)
  return {
    hardware: {
      name: hardware.name,
      devices: hardware.devices,
      chips: hardware.topology?.chips ?? null,
      hosts: hardware.topology?.hosts ?? null,
      memory: (result?.kind === 'compiled' ? result.facts.available : result?.available) ?? hardware.memory,
      peakFlops: hardware.speeds?.flops ?? null,
    },
    model: {
      parameters: costsOf(config).parameters,
      context: config.n_ctx,
      batch: config.train_batch_size,
      microbatches: microbatchCount(config, partsOf(placement, 'batch')),
      precision: config.precision,
      remat: rematOf(config),
      flopsPerToken: costsOf(config).flops,
    },
    mesh: showMesh(mesh),
    layout: showLayout(placement.layout),
    parameterLayout: showLayout(new Map(further)),
    warnings: step.warnings,
    estimate: estimated,
    estimateSeconds,
    xla,
    fits,
    step: stepTime(config, mesh, hardware, estimated, result),
    advice: fits === false ? adviceFor(config, hardware) : [],
  }
}

function compileFor(
  text: string,
  mesh: Parameters<typeof compileApart>[0]['mesh'],
  options: Required<Pick<PlanOptions, 'hardware' | 'limits' | 'keep'>> & PlanOptions,
): Promise<CompileResult> {
  const { hardware, limits, keep, signal } = options
  const { topology } = hardware
  const on = topology ? ({ platform: 'tpu', ...topology.libtpu } as const) : ({ platform: 'cpu' } as const)
  return compileApart({ text, mesh, on, keep }, limits, signal)
}

function xlaPlanOf(result: CompileResult, named: (shape: string) => string): XlaPlan {
  const { hostMemory } = result
  if (result.kind === 'overfull') {
    const { needed, buffers } = result.overfull
    return {
      compiler: null,
      seconds: result.seconds,
      cpuSeconds: null,
      hostMemory,
      memory: null,
      overfull: {
        total: needed,
        buffers: buffers.map(({ bytes, shapes }) => ({ bytes, what: shapes.map(named) })),
      },
      flops: null,
      collectives: null,
      unknownLoops: [],
      executable: null,
    }
  }
  const { compiler, seconds, cpuSeconds, memory, flops, collectives, unknownLoops, executable } = result.facts
  const outputs = memory.output - memory.alias
  return {
    compiler,
    seconds,
    cpuSeconds,
    hostMemory,
    memory: {
      arguments: memory.argument,
      temporaries: memory.temp,
      outputs,
      code: memory.generatedCode,
      total: memory.argument + memory.temp + outputs + memory.generatedCode,
    },
    overfull: null,
    flops,
    collectives,
    unknownLoops,
    executable,
  }
}

/** What compiles fits; what was only estimated fits if it is below the limit. */
function fitsOn({ memory }: Hardware, { memory: { total } }: Estimate, xla: XlaPlan | null): boolean | null {
  if (memory === null) return null
  return xla ? xla.overfull === null : total <= memory
}

function stepTime(
  config: ModelConfig,
  mesh: Mesh,
  { devices, speeds }: Hardware,
  estimated: Estimate,
  result: CompileResult | null,
): StepTime | null {
  if (!speeds || !estimated.seconds) return null
  const facts = result?.kind === 'compiled' ? result.facts : null
  // Where XLA's cycles are fewer than the peak allows, something in them is not what we take it for.
  const kernels = facts?.cycles ? facts.cycles / speeds.clock : 0
  const plausible = facts !== null && kernels >= facts.flops / speeds.flops
  const compute = plausible ? kernels : estimated.seconds.compute
  const communication = facts ? communicationSeconds(facts.collectives, mesh, speeds) : estimated.seconds.communication
  const seconds = compute + communication
  return {
    seconds,
    compute,
    communication,
    tokensPerSecond: (config.train_batch_size * config.n_ctx) / seconds,
    utilization: estimated.flops.model / (seconds * speeds.flops * devices),
    source: plausible ? 'xla' : 'estimate',
  }
}
