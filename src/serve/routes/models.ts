/** GET /v1/models, and the check of a request's model. */
import type { FastifyInstance } from 'fastify'
import { ApiError } from '../api-error.js'
import { readyModel, type AppState } from '../state.js'
import type { ServedModel } from '../served-model.js'

export function addModelRoutes(app: FastifyInstance, state: AppState): void {
  app.get('/v1/models', () => ({ object: 'list', data: [describe(readyModel(state))] }))
  app.get<{ Params: { '*': string } }>('/v1/models/*', ({ params }) => {
    const model = readyModel(state)
    checkModel(model, params['*'])
    return describe(model)
  })
}

/** Throws ApiError for the name of another model; without a name the only one is meant. */
export function checkModel({ name }: ServedModel, asked: string | undefined): void {
  if (asked === undefined || asked === name) return
  const given = JSON.stringify(asked.length > 80 ? `${asked.slice(0, 77)}...` : asked)
  throw new ApiError(
    404,
    `model must be ${JSON.stringify(name)}, the only one here (got ${given})`,
    'invalid_request_error',
    'model_not_found',
    'model',
  )
}

function describe({ name, created, engine, template }: ServedModel) {
  return {
    id: name,
    object: 'model',
    created,
    owned_by: 'neomesh',
    /** As vLLM has it. */
    max_model_len: engine.capacity,
    chat: template !== undefined,
  }
}
