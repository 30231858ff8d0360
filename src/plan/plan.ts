import { microbatchCount, type ModelConfig } from '../config/index.js'
import { LayoutError, parsePlacement, partsOf, showLayout, showMesh, type Mesh } from '../mesh/index.js'
import { lowerStep } from '../train/index.js'
import { adviceFor, type Advice } from './advice.js'
import type { Limits } from './ahead/limits.js'
import { costsOf } from './costs.js'
import type { Hardware } from './hardware.js'
import { rematPolicy } from '../model/index.js'
import { estimate, type Estimate } from './static/estimate.js'
import { stepTime, type StepTime } from './step-time.js'
import { compileWithXla, type XlaPlan } from './xla-plan.js'

export interface PlanOptions {
  readonly hardware: Hardware
  /** Whether to compile with XLA, which takes minutes, or only to estimate. @default true */
  readonly compile?: boolean
  readonly limits?: Limits
  /** Whether to keep the executable. @default false */
  readonly keep?: boolean
  /** Whether to find changes that make a step fit that does not. @default true */
  readonly advise?: boolean
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
    /** bf16 operations per second. */
    readonly peakFlops: number | null
  }
  readonly model: {
    readonly parameters: number
    readonly context: number
    readonly batch: number
    readonly microbatches: number
    readonly precision: ModelConfig['precision']
    /** What of each layer is saved for the backward pass. */
    readonly remat: NonNullable<ModelConfig['remat_policy']>
    /** Forward, per token. */
    readonly flopsPerToken: number
  }
  readonly mesh: string
  readonly layout: string
  /** Rules that `parameter_layout` adds to `layout`. */
  readonly parameterLayout: string
  /** Rules of the layout that have no effect. */
  readonly warnings: readonly string[]
  readonly estimate: Estimate
  /** Seconds that the estimate took. */
  readonly estimateSeconds: number
  readonly xla: XlaPlan | null
  /** Whether it fits: by XLA if it compiled the step, else by the estimate. Null if the memory is not known. */
  readonly fits: boolean | null
  /** Estimated time of a step; null where the devices' speeds are not known. */
  readonly step: StepTime | null
  /** Changes that would make it fit, by the estimate. */
  readonly advice: readonly Advice[]
}

function describeMesh(mesh: Mesh): string {
  const { size } = mesh
  return size === 1 ? 'no mesh' : `${showMesh(mesh)}, ${size} devices`
}

/**
 * Plans the training step of a config with its mesh and layouts.
 * @throws LayoutError for an impossible layout, PlanError if XLA's compilation fails or exceeds a limit
 */
export async function plan(config: ModelConfig, options: PlanOptions): Promise<Plan> {
  const { hardware, compile = true, advise = true } = options
  const start = performance.now()
  const placement = parsePlacement(config.mesh_shape, config.layout, config.parameter_layout)
  const { mesh } = placement
  if (mesh.size !== hardware.devices)
    throw new LayoutError(
      `mesh_shape must be for the ${hardware.devices} devices of ${hardware.name} (got ${describeMesh(mesh)}). ` +
        'Set another with --mesh, or find one with --search',
    )
  const step = lowerStep(config, placement)
  if (step.problems.length > 0) throw new LayoutError(step.problems.join('\n'))
  const estimated = estimate(step, config, placement, hardware)
  const estimateSeconds = (performance.now() - start) / 1000
  const xla = compile ? await compileWithXla(step, placement, hardware, options) : null
  const costs = costsOf(config)
  const fits = fitsOn(hardware, estimated, xla)
  const further = [...placement.parameterLayout].filter(([dim, axis]) => placement.layout.get(dim) !== axis)
  return {
    hardware: {
      name: hardware.name,
      devices: hardware.devices,
      chips: hardware.topology?.chips ?? hardware.cluster?.cards ?? null,
      hosts: hardware.topology?.hosts ?? hardware.cluster?.hosts ?? null,
      memory: xla?.available ?? hardware.memory,
      peakFlops: hardware.speeds?.flops ?? null,
    },
    model: {
      parameters: costs.parameters,
      context: config.n_ctx,
      batch: config.train_batch_size,
      microbatches: microbatchCount(config, partsOf(placement, 'batch')),
      precision: config.precision,
      remat: rematPolicy(config),
      flopsPerToken: costs.flops,
    },
    mesh: showMesh(mesh),
    layout: showLayout(placement.layout),
    parameterLayout: showLayout(new Map(further)),
    warnings: step.warnings,
    estimate: estimated,
    estimateSeconds,
    xla,
    fits,
    step: stepTime(config, mesh, hardware, estimated, xla),
    advice: fits === false && advise ? adviceFor(config, hardware) : [],
  }
}

/** A compiled step fits; an estimated one fits if it is below the limit. */
function fitsOn({ memory }: Hardware, { memory: { total } }: Estimate, xla: XlaPlan | null): boolean | null {
  if (memory === null) return null
  // The CUDA compiler does not check.
  return xla ? xla.outOfMemory === null && xla.memory!.total <= memory : total <= memory
}
