export type { Cache, Positions } from '../attention/index.js'
export { GptNeo, type BindOptions, type LossOptions, type ModelDescription } from './bound.js'
export { adaptersOf, isTrained, LORA_A, LORA_B, type Adapters } from './adapters.js'
export { attentionWeights } from './attention-weights.js'
export { decodeStep, prefill, type Decoded, type DecodeState } from './decode.js'
export { modelOf, modelShape, type LayerPlan, type Model } from './dims.js'
export { logits, loss, parametersOf, scopeOf } from './transformer.js'
export { flopsFormula, type LayerCosts, type NetworkCosts, type Variable } from './costs.js'
export { rematPolicy } from './remat.js'
export { checkNextTokens, nextTokenProblem } from './next-tokens.js'
export { hashOf } from './hash.js'
export { countedLabels, maskTokens } from './objectives/masked.js'
export type { TokenScores } from './objectives/token-scores.js'
export { padData, padTo, stripDataPadding, stripPadding, unpaddedDims } from './vocab-padding.js'
export {
  shortestPeriod,
  type Initializer,
  type LayerMode,
  type Parameters,
  type ParameterSpec,
  type Training,
} from './scope.js'
