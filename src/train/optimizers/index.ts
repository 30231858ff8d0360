import type { ModelConfig } from '../../config/index.js'
import type { ParameterSpec } from '../../model/index.js'
import { adafactor } from './adafactor.js'
import { adam } from './adam.js'
import { adamw } from './adamw.js'
import { lion } from './lion.js'
import { muon } from './muon.js'
import type { Optimizer, Slot } from './optimizer.js'

export type { Optimizer, Slot, Update } from './optimizer.js'
export { clip } from './clip.js'

/** Optimizers by their `opt_name`. A new one is a file and a line here. */
export const OPTIMIZERS: Readonly<Record<ModelConfig['opt_name'], Optimizer>> = { adam, adamw, adafactor, lion, muon }

/** What the config's optimizer keeps for a parameter. */
export function slotsOf(spec: ParameterSpec, config: ModelConfig): readonly Slot[] {
  return OPTIMIZERS[config.opt_name].slots(spec, config)
}
