import type { ModelConfig } from '../config/index.js'
import { GptNeo, type NetworkCosts } from '../model/index.js'
import { sizeOf } from '../tensor/index.js'
import { stateSpecs } from '../train/step.js'

/** What a model and its optimizer cost. */
export interface ModelCosts extends NetworkCosts {
  readonly optimizerBytes: number
}

/** Parameters, flops and bytes of a model and its optimizer, counted from its variables. */
export function costsOf(config: ModelConfig): ModelCosts {
  const model = new GptNeo(config, { layers: 'scan' })
  const slots = Object.values(stateSpecs(model).slots).flatMap((each) => Object.values(each))
  return { ...model.costs(), optimizerBytes: slots.reduce((sum, { dims }) => sum + 4 * sizeOf(dims), 0) }
}
