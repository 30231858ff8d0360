/** Answers a request that has been read: submits its choices, and sends what comes, whole or as a stream. */
import type { FastifyReply } from 'fastify'
import { ApiError, asApiError, invalid } from '../api-error.js'
import type { Metrics } from '../metrics.js'
import type { ServedModel } from '../served-model.js'
import { startChoice, type ChoiceRequest, type Piece } from './choice.js'
import { EventStream } from './event-stream.js'
import { CollectedChoice, partOf, usageOf, type AnswerFormat } from './format.js'

export interface AnswerRequest {
  readonly choices: readonly Omit<ChoiceRequest, 'signal'>[]
  /** Tokens of all prompts, each counted once. */
  readonly promptTokens: number
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly format: AnswerFormat
}

export interface AnswerContext {
  readonly model: ServedModel
  readonly metrics: Metrics
  /** Aborted when the client goes, and with an ApiError when the server stops. */
  readonly controller: AbortController
  /** Called with what went wrong in the server. */
  readonly onError: (error: unknown) => void
}

/** Thrown where the client has gone: no answer can be sent. */
export class ClientGone extends Error {
  override name = 'ClientGone'
}

/** Sends the answer. Errors before its first byte are thrown; later ones end the stream with an event of the error. */
export async function sendAnswer(reply: FastifyReply, request: AnswerRequest, context: AnswerContext): Promise<void> {
  const { controller, metrics } = context
  const onClose = () => {
    if (!reply.raw.writableFinished) controller.abort(new ClientGone('the client has gone'))
  }
  reply.raw.on('close', onClose)
  try {
    const choices = startAll(request, context)
    await (request.stream ? sendStream(reply, choices, request, context) : sendWhole(reply, choices, request))
  } catch (error) {
    controller.abort(error)
    if (!(error instanceof ClientGone)) throw error
    metrics.countCancelled()
    reply.hijack()
    reply.raw.destroy()
  } finally {
    reply.raw.off('close', onClose)
  }
}

function startAll({ choices }: AnswerRequest, { model, metrics, controller }: AnswerContext) {
  const { signal } = controller
  try {
    return choices.map((choice) => startChoice(model, { ...choice, signal }, metrics))
  } catch (error) {
    // The engine's own checks, should they be stricter than those of the fields.
    throw error instanceof RangeError ? invalid(null, error.message) : error
  }
}

async function sendWhole(
  reply: FastifyReply,
  choices: readonly AsyncIterable<Piece>[],
  { promptTokens, format }: AnswerRequest,
): Promise<void> {
  const collected = choices.map((_, index) => new CollectedChoice(index))
  await Promise.all(
    choices.map(async (pieces, index) => {
      for await (const piece of pieces) collected[index].add(piece)
    }),
  )
  const newTokens = collected.reduce((sum, choice) => sum + choice.newTokens, 0)
  await reply.send({
    ...format.head,
    choices: collected.map(({ part }) => format.choice(part)),
    usage: usageOf(promptTokens, newTokens),
  })
}

async function sendStream(
  reply: FastifyReply,
  choices: readonly AsyncIterable<Piece>[],
  { promptTokens, includeUsage, format }: AnswerRequest,
  { controller, onError }: AnswerContext,
): Promise<void> {
  reply.hijack()
  const stream = new EventStream(reply.raw)
  const chunk = (choice: object) =>
    stream.send({ ...format.chunkHead, choices: [choice], ...(includeUsage && { usage: null }) })
  let newTokens = 0
  stream.open()
  try {
    await Promise.all(
      choices.map(async (pieces, index) => {
        if (format.opening) await chunk(format.opening(index))
        for await (const piece of pieces) {
          await chunk(format.chunkChoice(partOf(index, piece)))
          newTokens += piece.end?.newTokens ?? 0
        }
      }),
    )
    if (includeUsage) await stream.send({ ...format.chunkHead, choices: [], usage: usageOf(promptTokens, newTokens) })
    await stream.send('[DONE]')
  } catch (error) {
    if (error instanceof ClientGone) throw error
    controller.abort(error)
    if (!(error instanceof ApiError)) onError(error)
    await stream.send(asApiError(error).body)
  }
  stream.end()
}
