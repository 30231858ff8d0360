export { activationNames, type ActivationName } from './keys/activation-names.js'
export { attentionKindNames, attentionKinds, type AttentionKind, type AttentionTypes } from './keys/attention-kinds.js'
export type { DatasetItem } from './keys/dataset-items.js'
export { ConfigError } from './diagnose/diagnostics.js'
export { describeKeys, type KeyDescription } from './keys/describe-keys.js'
export {
  inspectModelConfig,
  parseModelConfig,
  readModelConfig,
  type ParsedConfig,
  type ParseOptions,
} from './parse/model-config.js'
export { microbatchCount } from './resolve.js'
export { key } from './keys/key.js'
export * as keyKinds from './keys/kinds.js'
export { readKeys } from './parse/read-keys.js'
export { modelKeys, type ModelConfig } from './keys/model-keys.js'
export type { MixtureConfig } from './keys/mixture.js'
export { tasksWithData } from './eval-tasks.js'
