import { unavailable } from './api-error.js'
import type { Metrics } from './metrics.js'
import type { ServedModel } from './served-model.js'

/** What routes share. */
export interface AppState {
  readonly metrics: Metrics
  readonly queue: number
  readonly onError: (error: unknown) => void
  /** Answers in progress, by which a server that stops ends them. */
  readonly answers: Set<AbortController>
  stopping: boolean
  model?: ServedModel
}

/** The model of the state. Throws ApiError while it loads. */
export function readyModel({ model }: AppState): ServedModel {
  if (model === undefined) throw unavailable('the model is loading. Try again in some seconds', 'loading')
  return model
}
