export { generate, type GenerateOptions, type LoadedModel, type NewTokens } from './generate.js'
export { generateText, type GenerateTextOptions, type TextPiece } from './generate-text.js'
export { fitPrompt, type FittedPrompt } from './fit-prompt.js'
export { StopStrings } from './stop-strings.js'
export { LogitsError } from './check-logits.js'
export { pickNext, type Sampling } from './pick.js'
export { lowerDecode, type LowerDecodeOptions } from './lower.js'
export { loadModel, type LoadOptions, type ModelFromCheckpoint } from './load.js'
export {
  seedOf,
  SlotEngine,
  streamText,
  type EndReason,
  type SlotEvent,
  type SlotOptions,
  type SlotRequest,
  type TextEvent,
  type TextRequest,
  type TokenScore,
} from './slots/index.js'
