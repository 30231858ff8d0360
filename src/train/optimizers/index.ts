import type { ModelConfig } from '../../config/index.js'
import type { ParameterSpec } from '../../model/index.js'
import { sameDims, type Tensor } from '../../tensor/index.js'
import { padTo, stripPadding, unpaddedDims } from '../../model/index.js'
import { adafactor } from './adafactor.js'
import { adam } from './adam.js'
import { adamw } from './adamw.js'
import { lion } from './lion.js'
import { muon } from './muon.js'
import type { Optimizer, Slot, Update } from './optimizer.js'

export type { Optimizer, Slot, Update } from './optimizer.js'
export { clip } from './clip.js'

/** Optimizers by their `opt_name`. To add one: docs/how-to/optimizer.md. */
export const OPTIMIZERS: Readonly<Record<ModelConfig['opt_name'], Optimizer>> = {
  adam,
  adamw,
  adafactor,
  lion,
  muon,
}

/**
 * One step of the config's optimizer for a parameter. An optimizer that couples elements does not see the vocabulary's
 * padding (model/vocab-padding.ts).
 */
export function update(given: Update): ReturnType<Optimizer['update']> {
  const { spec, parameter, gradient, slots } = given
  const optimizer = OPTIMIZERS[given.config.opt_name]
  if (!optimizer.couplesElements || sameDims(spec.dims, spec.logical)) return optimizer.update(given)
  const strip = (x: Tensor) => stripPadding(x, unpaddedDims(x.dims, spec))
  const made = optimizer.update({
    ...given,
    spec: { ...spec, dims: spec.logical },
    parameter: strip(parameter),
    gradient: strip(gradient),
    slots: Object.fromEntries(Object.entries(slots).map(([name, x]) => [name, strip(x)])),
  })
  return {
    parameter: padTo(made.parameter, spec.dims),
    slots: Object.fromEntries(Object.entries(made.slots).map(([name, x]) => [name, padTo(x, slots[name].dims)])),
  }
}

/** The arrays that the config's optimizer keeps for a parameter. */
export function slotsOf(spec: ParameterSpec, config: ModelConfig): readonly Slot[] {
  return OPTIMIZERS[config.opt_name].slots(spec, config)
}
