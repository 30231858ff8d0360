import { microbatchCount, type ModelConfig } from '../config/index.js'
import { LayoutError, parsePlacement, partsOf, showLayout, showMesh, type Mesh } from '../mesh/index.js'
import { lowerStep } from '../train/index.js'
import { adviceFor, type Advice } from './advice.js'
import type { Limits } from './ahead/compile.js'
import { costsOf } from './costs.js'
import type { Hardware } from './hardware.js'
import { rematOf } from './remat.js'
import { estimate, type Estimate } from './static/estimate.js'
import { stepTime, type StepTime } from './step-time.js'
import { askXla, type XlaPlan } from './xla-plan.js'

export interface PlanOptions {
  readonly hardware: Hardware
  /** Whether to ask XLA, which takes minutes, or to estimate alone. @default true */
  readonly compile?: boolean
  readonly limits?: Limits
  /** Whether to keep the executable. @default false */
  readonly keep?: boolean
  /** Whether to look for what would make it fit, if it does not. @default true */
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

function describeMesh(mesh: Mesh): string {
  const { size } = mesh
  return size === 1 ? 'the mesh is of one device' : `${showMesh(mesh)} is for ${size} devices`
}

/**
 * Plans the training step of a config, with the mesh and layouts that it names.
 * @throws LayoutError for a layout that cannot be, PlanError if XLA comes to no end
 */
export async function plan(config: ModelConfig, options: PlanOptions): Promise<Plan> {
  const { hardware, compile = true, advise = true } = options
  const start = performance.now()
  const placement = parsePlacement(config.mesh_shape, config.layout, config.parameter_layout)
  const { mesh } = placement
  if (mesh.size !== hardware.devices)
    throw new LayoutError(
      `mesh_shape: ${describeMesh(mesh)}, and ${hardware.name} has ${hardware.devices}: ` +
        'name another by --mesh, or let --search find one',
    )
  const step = lowerStep(config, placement)
  if (step.problems.length > 0) throw new LayoutError(step.problems.join('\n'))
  const estimated = estimate(step, config, placement, hardware)
  const estimateSeconds = (performance.now() - start) / 1000
  const xla = compile ? await askXla(step, placement, hardware, options) : null
  const fits = fitsOn(hardware, estimated, xla)
  const further = [...placement.parameterLayout].filter(([dim, axis]) => placement.layout.get(dim) !== axis)
  return {
    hardware: {
      name: hardware.name,
      devices: hardware.devices,
      chips: hardware.topology?.chips ?? null,
      hosts: hardware.topology?.hosts ?? null,
      memory: xla?.available ?? hardware.memory,
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
    step: stepTime(config, mesh, hardware, estimated, xla),
    advice: fits === false && advise ? adviceFor(config, hardware) : [],
  }
}

/** What compiles fits; what was only estimated fits if it is below the limit. */
function fitsOn({ memory }: Hardware, { memory: { total } }: Estimate, xla: XlaPlan | null): boolean | null {
  if (memory === null) return null
  return xla ? xla.overfull === null : total <= memory
}
