/** Messages between the page and its worker. */
import type { ModelConfig } from '../config/index.js'
import type { Likely } from './most-likely.js'

/** Files of an exported folder that hold the model. */
export const files = { about: 'model.json', weights: 'weights.safetensors', tokenizer: 'tokenizer.json' } as const

/** Contents of model.json. */
export interface About {
  readonly format: 'neomesh web 1'
  /** Name of the model in the page. */
  readonly name: string
  /** Training steps so far. */
  readonly step: number
  readonly parameters: number
  readonly config: ModelConfig
}

export interface SampleRequest {
  readonly prompt: string
  readonly maxTokens: number
  readonly temperature: number
  readonly topK: number
  readonly seed: number
}

export type ToWorker =
  /** The first message: URL of the exported folder. */
  | { readonly kind: 'load'; readonly folder: string }
  | { readonly kind: 'sample'; readonly request: SampleRequest }
  | { readonly kind: 'stop' }

/** A token of a sample. */
export interface SampledToken {
  readonly id: number
  /** The text that it completes: '' while a character is incomplete. */
  readonly text: string
  /** Its probability, before temperature and top-k. */
  readonly probability: number
  /** Number of tokens with a higher probability. */
  readonly rank: number
  readonly mostLikely: readonly (Likely & { readonly text: string })[]
}

export type FromWorker =
  | { readonly kind: 'loading'; readonly bytes: number; readonly totalBytes: number }
  | { readonly kind: 'ready'; readonly about: About }
  /** The prompt is longer than the context: the number of tokens at its beginning that are not used. */
  | { readonly kind: 'shortened'; readonly dropped: number }
  | { readonly kind: 'token'; readonly token: SampledToken; readonly perSecond: number | null }
  | { readonly kind: 'done'; readonly rest: string }
  | { readonly kind: 'failed'; readonly message: string }
