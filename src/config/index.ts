export { attentionKinds, ConfigError, parseModelConfig, readModelConfig, type AttentionKind } from './model-config.js'
export { modelKeys, type ModelConfig } from './model-keys.js'
