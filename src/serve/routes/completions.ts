/** POST /v1/completions and /v1/chat/completions. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sendAnswer, type AnswerRequest } from '../answer/answer.js'
import { chatFormat } from '../answer/chat.js'
import { completionFormat } from '../answer/completion.js'
import { seedOf } from '../../generate/index.js'
import { ApiError, invalid, refused } from '../api-error.js'
import { readyModel, type AppState } from '../state.js'
import { readChat } from '../read/chat.js'
import { readCompletion } from '../read/completion.js'
import type { CommonFields } from '../read/sampling.js'
import type { ServedModel } from '../served-model.js'
import { checkModel } from './models.js'

export function addCompletionRoutes(app: FastifyInstance, state: AppState): void {
  app.post('/v1/completions', (request, reply) => respond(request, reply, state, completion))
  app.post('/v1/chat/completions', (request, reply) => respond(request, reply, state, chat))
}

async function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  state: AppState,
  read: (body: unknown, model: ServedModel) => AnswerRequest,
): Promise<void> {
  const model = readyModel(state)
  const wanted = read(request.body, model)
  // The prompts are ids by now; what waits keeps no text.
  request.body = undefined
  checkQueue(state, model, wanted.choices.length)
  const controller = new AbortController()
  state.answers.add(controller)
  try {
    await sendAnswer(reply, wanted, { model, metrics: state.metrics, controller, onError: state.onError })
  } finally {
    state.answers.delete(controller)
  }
}

function completion(body: unknown, model: ServedModel): AnswerRequest {
  const fields = readCompletion(body, model.limits)
  checkModel(model, fields.model)
  const { prompts, echo, maxTokens, logprobs, stream, includeUsage } = fields
  const choices = prompts.flatMap((prompt) => choicesOf(model, fields, { prompt, echo, maxTokens, logprobs }))
  const promptTokens = prompts.reduce((sum, { length }) => sum + length, 0)
  return { choices, promptTokens, stream, includeUsage, format: completionFormat(model, logprobs) }
}

function chat(body: unknown, model: ServedModel): AnswerRequest {
  if (model.template === undefined)
    throw refused(
      400,
      'this model has no chat template. Use /v1/completions, or put chat_template.jinja beside its tokenizer.json',
      'no_chat_template',
    )
  const fields = readChat(body, model.template, model.limits)
  checkModel(model, fields.model)
  const { prompt, maxTokens, logprobs, stream, includeUsage } = fields
  const choices = choicesOf(model, fields, { prompt, echo: false, maxTokens, logprobs })
  return { choices, promptTokens: prompt.length, stream, includeUsage, format: chatFormat(model, logprobs) }
}

type Asked = Pick<AnswerRequest['choices'][number], 'prompt' | 'echo' | 'maxTokens' | 'logprobs'>

/** The choices of one prompt. Those of a list of prompts are the same as when each is asked alone. */
function choicesOf({ limits: { eos } }: ServedModel, { sampling, seed, n }: CommonFields, asked: Asked) {
  const stopIds = eos === undefined ? [] : [eos]
  return Array.from({ length: n }, (_, choice) => ({ ...asked, ...sampling, seed: seedOf(seed, choice), stopIds }))
}

/** Throws ApiError if the choices do not fit the slots and the queue. */
function checkQueue({ queue }: AppState, { engine }: ServedModel, choices: number): void {
  const most = engine.slots + queue
  if (choices > most)
    throw invalid(
      'prompt',
      `prompt and n must make at most ${most} choices (got ${choices}). Send fewer prompts at a time`,
    )
  if (engine.running + engine.waiting + choices <= most) return
  throw new ApiError(
    429,
    `${engine.waiting} prompts wait already, of at most ${queue}. Try again later`,
    'rate_limit_error',
    'queue_full',
    null,
    { 'retry-after': '1' },
  )
}
