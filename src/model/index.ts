export type { Cache } from './attention.js'
export { modelOf, type Model } from './dims.js'
export { continued, hidden, logits, loss, parametersOf, scopeOf } from './gpt-neo.js'
export { type Initializer, type LayerMode, type Parameters, type ParameterSpec } from './scope.js'
