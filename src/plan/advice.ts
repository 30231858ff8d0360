import { microbatchCount, type ModelConfig } from '../config/index.js'
import { parsePlacement, partsOf, type Placement } from '../mesh/index.js'
import { lowerStep } from '../train/index.js'
import type { Hardware } from './hardware.js'
import { rematPolicy } from '../model/index.js'
import { estimate } from './static/estimate.js'

type Change = Partial<
  Pick<ModelConfig, 'remat_policy' | 'precision' | 'tokens_per_mb_per_replica' | 'parameter_layout'>
>

/** A change of config keys, and the memory that a device then needs by the estimate. */
export interface Advice {
  readonly keys: Change
  /** Bytes. */
  readonly total: number
  readonly fits: boolean
}

/**
 * Changes that make a step fit that does not: each one that suffices alone, or else all of them together, whether that
 * suffices or not. Empty if only the mesh and the hardware are left to change.
 */
export function adviceFor(config: ModelConfig, hardware: Hardware): Advice[] {
  const placement = parsePlacement(config.mesh_shape, config.layout, config.parameter_layout)
  const changes = changesOf(config, placement)
  const tried = (keys: Change): Advice[] => {
    const total = totalWith(config, keys, hardware)
    return total === null ? [] : [{ keys, total, fits: total <= hardware.memory! }]
  }
  const alone = changes.flatMap(tried).filter(({ fits }) => fits)
  return alone.length > 0 || changes.length === 0 ? alone : tried(Object.assign({}, ...changes))
}

function changesOf(config: ModelConfig, placement: Placement): Change[] {
  const changes: Change[] = []
  if (config.precision !== 'bfloat16') changes.push({ precision: 'bfloat16' })
  if (rematPolicy(config) !== 'nothing') changes.push({ remat_policy: 'nothing' })
  const replicas = partsOf(placement, 'batch')
  // One sequence at a time on each device.
  if (microbatchCount(config, replicas) < config.train_batch_size / replicas)
    changes.push({ tokens_per_mb_per_replica: config.n_ctx })
  const axis = placement.layout.get('batch')
  if (axis && !placement.layout.has('embd') && !placement.parameterLayout.has('embd'))
    changes.push({ parameter_layout: `${config.parameter_layout} embd:${axis}`.trim() })
  return changes
}

/** Bytes with a change; null if its layout is impossible. */
function totalWith(config: ModelConfig, change: Change, hardware: Hardware): number | null {
  const changed = { ...config, ...change }
  const placement = parsePlacement(changed.mesh_shape, changed.layout, changed.parameter_layout)
  const step = lowerStep(changed, placement)
  return step.problems.length > 0 ? null : estimate(step, changed, placement, hardware).memory.total
}
