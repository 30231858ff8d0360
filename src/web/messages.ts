/** What the page and its worker say to each other. */
import type { ModelConfig } from '../config/index.js'
import type { Likely } from './likeliest.js'

/** Names of the files of an exported folder that hold the model. */
export const files = { about: 'model.json', weights: 'weights.safetensors', tokenizer: 'tokenizer.json' } as const

/** What model.json says. */
export interface About {
  readonly format: 'neomesh web 1'
  /** What the page calls the model. */
  readonly name: string
  /** Training steps that it has seen. */
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
  /** Comes first; the address of the exported folder. */
  | { readonly kind: 'load'; readonly folder: string }
  | { readonly kind: 'sample'; readonly request: SampleRequest }
  | { readonly kind: 'stop' }

/** A token of a sample. */
export interface SampledToken {
  readonly id: number
  /** The text that it completes: '' where a character is not whole yet. */
  readonly text: string
  /** The model's probability of it, before temperature and top-k. */
  readonly probability: number
  /** How many tokens were likelier. */
  readonly rank: number
  readonly likeliest: readonly (Likely & { readonly text: string })[]
}

export type FromWorker =
  | { readonly kind: 'loading'; readonly bytes: number; readonly totalBytes: number }
  | { readonly kind: 'ready'; readonly about: About }
  | { readonly kind: 'token'; readonly token: SampledToken; readonly perSecond: number | null }
  | { readonly kind: 'done'; readonly rest: string }
  | { readonly kind: 'failed'; readonly message: string }
