/** The HTTP server: limits, access, errors, and the routes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError, asApiError, refused, unavailable } from './api-error.js'
import { checkSite, isLoopback, keyGuard } from './guard.js'
import { Metrics } from './metrics.js'
import { addPage } from './page-files.js'
import { addCompletionRoutes } from './routes/completions.js'
import { addModelRoutes } from './routes/models.js'
import { addTokenizerRoutes } from './routes/tokenizer.js'
import type { AppState } from './state.js'

export interface AppOptions {
  /** Address to listen on. @default 127.0.0.1: this machine alone */
  readonly host?: string
  /** Clients must send it as `Authorization: Bearer KEY`. @default none */
  readonly key?: string
  /** Prompts that may wait for a slot; more are refused with 429. @default 256 */
  readonly queue?: number
  /** Bytes of a request's body, at most. @default 4 MiB */
  readonly bodyLimit?: number
  /** Whether pages of other servers on this machine (a notebook) may show the page in a frame. @default false */
  readonly framed?: boolean
  /** Called with defects and failures of the model; never with what a client sent. */
  readonly onError?: (error: unknown) => void
}

/** The time, in ms, within which a request must have arrived. */
const REQUEST_TIMEOUT = 60_000
/** Time, in ms, for which an idle connection is kept: longer than the 5 s for which the common clients keep theirs. */
const KEEP_ALIVE = 10_000
/** Connections at the same time. */
const MOST_CONNECTIONS = 4096

/** Paths without the key: probes, and the page, which asks its reader for the key. */
const OPEN = ['/health', '/', '/page.js', '/style.css']

/** Makes the server, which does not listen yet. */
export async function createApp(options: AppOptions): Promise<{ app: FastifyInstance; state: AppState }> {
  const { host = '127.0.0.1', key, queue = 256, bodyLimit = 4 * 2 ** 20, framed = false, onError = () => {} } = options
  const state: AppState = { metrics: new Metrics(), queue, onError, answers: new Set(), stopping: false }
  const responses = new WeakMap<Socket, ServerResponse>()
  const { fastify } = await import('fastify') // large, and only a server needs it
  const app = fastify({
    bodyLimit,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
    return503OnClosing: false,
    // Node's own answer to a request without Host has no body.
    http: { requireHostHeader: false },
    frameworkErrors: (error, _, reply) => void sendError(reply, asApiError(error)),
    clientErrorHandler: (error, socket) => endSocket(socket as Socket, asApiError(error), responses),
  })
  app.removeContentTypeParser('text/plain')
  app.server.maxConnections = MOST_CONNECTIONS
  app.server.on('connect', (_: IncomingMessage, socket: Socket) =>
    endSocket(
      socket,
      refused(405, 'CONNECT is not supported: this server is no proxy', 'method_not_allowed'),
      responses,
    ),
  )
  app.server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => {
    const { status, body } = refused(417, 'the header expect must be 100-continue', 'expectation_failed')
    const text = JSON.stringify(body)
    const headers = { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(text), connection: 'close' }
    response.writeHead(status, headers).end(text)
  })

  const isLocal = isLoopback(host) && key === undefined
  const checkKey = key === undefined ? undefined : keyGuard(key)
  app.addHook('onRequest', async (request, reply) => {
    responses.set(request.raw.socket, reply.raw)
    const endpoint = request.routeOptions.url ?? 'other'
    reply.raw.once('close', () => state.metrics.countRequest(endpoint, reply.raw.statusCode))
    void reply.header('x-content-type-options', 'nosniff')
    checkSite(request.raw, isLocal)
    if (!OPEN.includes(endpoint)) checkKey?.(request.raw)
    if (state.stopping) {
      void reply.header('connection', 'close')
      if (endpoint !== '/health') throw unavailable('the server is stopping', 'shutting_down')
    }
    if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity')
      throw refused(415, 'the body must not be compressed. Leave out content-encoding', 'not_json')
  })
  app.setErrorHandler(async (error, request, reply) => {
    const answer = asApiError(error)
    if (answer.status >= 500 && !(error instanceof ApiError)) onError(error)
    if (answer.status === 413) await discardBody(request.raw)
    await sendError(reply, answer)
  })
  app.setNotFoundHandler((request) => {
    throw notFound(app, request)
  })

  app.get('/health', async (_, reply) => {
    const status = state.stopping ? 'stopping' : state.model ? 'ok' : 'loading'
    await reply.code(status === 'ok' ? 200 : 503).send({ status })
  })
  app.get('/metrics', async (_, reply) => {
    await reply.type('text/plain; version=0.0.4; charset=utf-8').send(state.metrics.text(state.model?.engine))
  })
  addModelRoutes(app, state)
  addCompletionRoutes(app, state)
  addTokenizerRoutes(app, state)
  addPage(app, framed)
  return { app, state }
}

const JSON_TYPE = 'application/json; charset=utf-8'

async function sendError(reply: FastifyReply, { status, body, headers }: ApiError): Promise<void> {
  await reply.code(status).headers(headers).type(JSON_TYPE).send(body)
}

/** Writes an answer to a connection whose request could not be read, and closes it. */
function endSocket(socket: Socket, { status, body }: ApiError, responses: WeakMap<Socket, ServerResponse>): void {
  const response = responses.get(socket)
  const isAnswering = response !== undefined && response.headersSent && !response.writableFinished
  // In the middle of another answer nothing can be said.
  if (!socket.writable || isAnswering) return void socket.destroy()
  const text = JSON.stringify(body)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}

/**
 * Reads the rest of a body that is too large, for a time: to close a connection with unread data resets it, and the client
 * would not see the answer.
 */
async function discardBody(request: IncomingMessage): Promise<void> {
  if (request.complete) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 1000)
    for (const event of ['end', 'close', 'error'])
      request.once(event, () => {
        clearTimeout(timer)
        resolve()
      })
    request.resume()
  })
}

function notFound(app: FastifyInstance, { method, url }: FastifyRequest): ApiError {
  const [path] = url.split('?')
  const allowed = (['GET', 'POST'] as const).filter((other) => app.findRoute({ method: other, url: path }) !== null)
  if (allowed.length === 0)
    return refused(404, 'there is no such path. See /v1/models, /v1/completions, /health', 'not_found')
  const methods = allowed.join(', ')
  return refused(405, `${path} must be asked with ${methods} (got ${method})`, 'method_not_allowed', { allow: methods })
}
