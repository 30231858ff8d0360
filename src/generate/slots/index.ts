export { SlotEngine, type EndReason, type SlotEvent, type SlotOptions } from './engine.js'
export { seedOf, type SlotRequest } from './request.js'
export type { TokenScore } from './scores.js'
export { streamText, type TextEvent, type TextRequest } from './text.js'
