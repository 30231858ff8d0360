import type { ModelConfig } from '../config/index.js'
import type { Mesh } from '../mesh/index.js'
import type { Hardware } from './hardware.js'
import { communicationSeconds, type Estimate } from './static/estimate.js'
import type { XlaPlan } from './xla-plan.js'

export interface StepTime {
  /** Compute plus communication, without overlap. */
  readonly seconds: number
  readonly compute: number
  readonly communication: number
  readonly tokensPerSecond: number
  /** Model flops utilization (MFU): the model's flops over the devices' peak in that time. */
  readonly utilization: number
  /** Source of `compute`: XLA's cycle estimates of its kernels, or the roofline. */
  readonly source: 'xla' | 'estimate'
}

/** Time of a step, from XLA's figures where present and plausible; null where the devices' speeds are not known. */
export function stepTime(
  config: ModelConfig,
  mesh: Mesh,
  { devices, speeds }: Hardware,
  estimated: Estimate,
  xla: XlaPlan | null,
): StepTime | null {
  if (!speeds || !estimated.seconds) return null
  const kernels = xla?.cycles ? xla.cycles.cycles / speeds.clock + xla.cycles.flopsBeside / speeds.flops : null
  // Fewer cycles than the peak allows cannot be right.
  const plausible = kernels !== null && kernels >= xla!.flops! / speeds.flops
  const compute = plausible ? kernels : estimated.seconds.compute
  const communication = xla?.collectives
    ? communicationSeconds(xla.collectives, mesh, speeds)
    : estimated.seconds.communication
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
