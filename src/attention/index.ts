export {
  bytesOfPair,
  type AttentionConfig,
  type AttentionCosts,
  type AttentionKind,
  type AttentionOutput,
  type AttentionShape,
  type AttentionWeights,
  type Cache,
  type ParameterScope,
  type Positions,
  type Projected,
} from './contract.js'
export { constantly, normal, ones, truncatedNormal, zeros, type Initializer } from './initializers.js'
export { ATTENTION_KINDS, attentionKind, type AttentionKindName } from './kinds.js'
