import type { ModelConfig } from '../../config/index.js'
import type { ParameterSpec } from '../../model/index.js'
import { sameDims, type Tensor } from '../../tensor/index.js'
import { fillTensor, unfillTensor, withoutFillerDims } from '../filler.js'
import { adafactor } from './adafactor.js'
import { adam } from './adam.js'
import { adamw } from './adamw.js'
import { lion } from './lion.js'
import { muon } from './muon.js'
import type { Optimizer, Slot, Update } from './optimizer.js'

export type { Optimizer, Slot, Update } from './optimizer.js'
export { clip } from './clip.js'

/** Optimizers by their `opt_name`. A new one is a file and a line here. */
export const OPTIMIZERS: Readonly<Record<ModelConfig['opt_name'], Optimizer>> = { adam, adamw, adafactor, lion, muon }

/** One step of the config's optimizer for a parameter. Filler (see filler.ts) is not seen by what averages. */
export function update(given: Update): ReturnType<Optimizer['update']> {
  const { spec, parameter, gradient, slots } = given
  const optimizer = OPTIMIZERS[given.config.opt_name]
  if (!optimizer.mixes || sameDims(spec.dims, spec.logical)) return optimizer.update(given)
  const cut = (x: Tensor) => unfillTensor(x, withoutFillerDims(x.dims, spec))
  const made = optimizer.update({
    ...given,
    spec: { ...spec, dims: spec.logical },
    parameter: cut(parameter),
    gradient: cut(gradient),
    slots: Object.fromEntries(Object.entries(slots).map(([name, x]) => [name, cut(x)])),
  })
  return {
    parameter: fillTensor(made.parameter, spec.dims),
    slots: Object.fromEntries(Object.entries(made.slots).map(([name, x]) => [name, fillTensor(x, slots[name].dims)])),
  }
}

/** What the config's optimizer keeps for a parameter. */
export function slotsOf(spec: ParameterSpec, config: ModelConfig): readonly Slot[] {
  return OPTIMIZERS[config.opt_name].slots(spec, config)
}
