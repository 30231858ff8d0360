export { generate, type GenerateOptions, type LoadedModel, type NewTokens } from './generate.js'
export { pickNext, type Sampling } from './pick.js'
export { loadModel, type ModelFromCheckpoint } from './load.js'
