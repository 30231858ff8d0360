/** Serves a model over HTTP. */
import type { LoadedModel, ModelFromCheckpoint } from '../generate/index.js'
import { unavailable } from './api-error.js'
import { createApp, type AppOptions } from './app.js'
import { openServedModel, type ModelOptions, type ServedModel } from './served-model.js'
import type { AppState } from './state.js'

export interface ServerOptions extends AppOptions {
  /** @default 0: a free one */
  readonly port?: number
}

export interface ServeOptions extends ServerOptions, ModelOptions {}

export interface Server {
  /** Such as http://127.0.0.1:8000. */
  readonly url: string
  /**
   * Stops: no new request is taken; answers in progress have `grace` ms (default 30,000) to finish, and then end with an
   * error that says so.
   */
  close(grace?: number): Promise<void>
}

/** The server cannot listen. */
export class ServeError extends Error {
  override name = 'ServeError'
}

/** Time, in ms, that clients have to read the last of their answers. */
const LAST_READ = 1000

/**
 * Serves a loaded model with OpenAI's API, and a page to try it at /. The model must not be used otherwise meanwhile. Throws
 * ServeError, RangeError for options outside their range, FileError, TokenizerError, LogitsError for damaged weights.
 *
 * @example
 * const server = await serve(await loadModel(await openEngine(), 'my/run'), { port: 8000 })
 */
export async function serve(
  model: LoadedModel & Partial<ModelFromCheckpoint>,
  options: ServeOptions = {},
): Promise<Server> {
  checkOptions(options)
  const served = await openServedModel(model, modelOptions(options))
  let server: Awaited<ReturnType<typeof startServer>> | undefined
  try {
    server = await startServer(() => Promise.resolve(served), options)
    await server.ready
    return server
  } catch (error) {
    await server?.close()
    await served.engine.close()
    throw error
  }
}

function modelOptions({
  name,
  tokenizer,
  chatTemplate,
  slots,
  capacity,
  chunk,
  prefixBytes,
}: ServeOptions): ModelOptions {
  return { name, tokenizer, chatTemplate, slots, capacity, chunk, prefixBytes }
}

/**
 * Listens at once, then loads the model and compiles its programs, as /health reports; `ready` is when it can answer. Throws ServeError,
 * RangeError.
 */
export async function startServer(
  load: () => Promise<ServedModel>,
  options: ServerOptions = {},
): Promise<Server & { readonly ready: Promise<ServedModel> }> {
  checkOptions(options)
  const { host = '127.0.0.1', port = 0 } = options
  const { app, state } = await createApp(options)
  const url = await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    throw new ServeError(`cannot listen on ${host}:${port}: ${reasonOf(error)}`)
  })
  const ready = load().then(async (model) => {
    await model.engine.warmUp()
    return (state.model = model)
  })
  ready.catch(() => {}) // whoever awaits it hears of it
  let closing: Promise<void> | undefined
  const close = async (grace: number) => {
    const { server } = app
    state.stopping = true
    // Those that are idle are closed at once.
    const closed = app.close()
    await finishAnswers(state, grace)
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), LAST_READ)
    await closed
    clearTimeout(timer)
    const model = await ready.catch(() => undefined)
    await model?.engine.close()
  }
  return { url, ready, close: (grace = 30_000) => (closing ??= close(grace)) }
}

/** Waits for answers in progress; after `grace` ms they are ended. */
async function finishAnswers({ answers }: AppState, grace: number): Promise<void> {
  const deadline = performance.now() + grace
  while (answers.size > 0 && performance.now() < deadline) await sleep(20)
  const reason = unavailable('the server stopped before the answer was complete', 'shutting_down')
  for (const controller of answers) controller.abort(reason)
  const last = performance.now() + LAST_READ
  while (answers.size > 0 && performance.now() < last) await sleep(20)
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'another process uses this port. Choose another one'
  if (error.code === 'EACCES') return 'only the administrator may use this port. Choose one from 1024 on'
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') return 'this machine has no such address'
  return error.message
}

function checkOptions({ port = 0, queue = 0, bodyLimit = 1, key }: ServerOptions): void {
  const check = (name: string, value: number, low: number, high = Number.MAX_SAFE_INTEGER) => {
    if (Number.isInteger(value) && value >= low && value <= high) return
    throw new RangeError(`${name} must be an integer >= ${low} and <= ${high} (got ${value})`)
  }
  check('port', port, 0, 65535)
  check('queue', queue, 0)
  check('bodyLimit', bodyLimit, 1)
  // A header cannot carry others.
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw new RangeError('key must have visible ASCII characters only, and at least one. Make another key')
}
