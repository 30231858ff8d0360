/** The server's API, as the page uses it. */

export interface Model {
  readonly id: string
  readonly max_model_len: number
}

/** What a chunk of a completion adds. */
export interface Chunk {
  readonly choices: readonly {
    readonly text: string
    readonly logprobs: Logprobs | null
    readonly finish_reason: string | null
  }[]
}

export interface Logprobs {
  readonly tokens: readonly string[]
  readonly token_logprobs: readonly number[]
  readonly top_logprobs: readonly Readonly<Record<string, number>>[]
  /** Where each token's text begins, in characters of the whole text. */
  readonly text_offset: readonly number[]
}

/** An error that the server reports. */
export class ServerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export async function fetchModel(key: string): Promise<Model> {
  const response = await ask('v1/models', { headers: headersOf(key) })
  const { data } = (await response.json()) as { data: readonly [Model] }
  return data[0]
}

/** Number of tokens of a prompt; an empty one begins with the end of another text. */
export async function countTokens(prompt: string, key: string, signal: AbortSignal): Promise<number> {
  const headers = { ...headersOf(key), 'content-type': 'application/json' }
  const response = await ask('tokenize', { method: 'POST', body: JSON.stringify({ prompt }), headers, signal })
  return Math.max(1, ((await response.json()) as { count: number }).count)
}

/** The chunks of a completion as they come. Throws ServerError, and the signal's reason when it aborts. */
export async function* complete(body: object, key: string, signal: AbortSignal): AsyncGenerator<Chunk> {
  const headers = { ...headersOf(key), 'content-type': 'application/json' }
  const response = await ask('v1/completions', { method: 'POST', body: JSON.stringify(body), headers, signal })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + part.value).split('\n\n')
    rest = events.pop()!
    for (const event of events) {
      const data = event.replace(/^data: /, '')
      if (data === '[DONE]') return
      const json = JSON.parse(data) as Chunk & { readonly error?: { readonly message: string } }
      if (json.error) throw new ServerError(500, json.error.message)
      yield json
    }
  }
  throw new ServerError(0, 'the connection ended before the answer did. Is the server still running?')
}

function headersOf(key: string): Record<string, string> {
  return key === '' ? {} : { authorization: `Bearer ${key}` }
}

async function ask(path: string, options: RequestInit): Promise<Response> {
  const response = await fetch(path, options).catch((cause: Error) => {
    throw cause.name === 'AbortError' ? cause : new ServerError(0, 'the server cannot be reached. Is it still running?')
  })
  if (response.ok) return response
  const { error } = (await response.json().catch(() => ({}))) as { error?: { message: string } }
  throw new ServerError(response.status, error?.message ?? `${response.status} ${response.statusText}`)
}
