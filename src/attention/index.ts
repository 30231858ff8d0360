export {
  bytesOfPair,
  headFeatures,
  type AnyAttentionKind,
  type AttentionConfig,
  type AttentionCosts,
  type AttentionKind,
  type AttentionOutput,
  type AttentionResult,
  type AttentionShape,
  type AttentionWeights,
  type Cache,
  type Packing,
  type ParameterScope,
  type Positions,
  type ProjectContext,
  type Projected,
  type Projections,
} from './contract.js'
export { rmsNorm } from './rms-norm.js'
export { wholeSequence } from './recurrent.js'
export { outputOfHeads, projectHeads } from './heads.js'
export { constantly, normal, ones, truncatedNormal, zeros, type Initializer } from './initializers.js'
export { ATTENTION_KINDS, attentionKind, type AttentionKindName } from './kinds.js'
