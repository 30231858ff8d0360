export { activationNames, type ActivationName } from './activation-names.js'
export { attentionKindNames, attentionKinds, type AttentionKind, type AttentionTypes } from './attention-kinds.js'
export type { DatasetItem } from './dataset-items.js'
export { ConfigError } from './error.js'
export { describeKeys, type KeyDescription } from './describe-keys.js'
export {
  inspectModelConfig,
  parseModelConfig,
  readModelConfig,
  type ParsedConfig,
  type ParseOptions,
} from './model-config.js'
export { microbatchCount } from './microbatches.js'
export { modelKeys, type ModelConfig } from './model-keys.js'
export type { MixtureConfig } from './keys/mixture.js'
