/** Errors in OpenAI's form: `{ error: { message, type, param, code } }`. */

export type ErrorType =
  'invalid_request_error' | 'authentication_error' | 'permission_error' | 'rate_limit_error' | 'server_error'

export interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: ErrorType
    /** The field of the request that is wrong. */
    readonly param: string | null
    readonly code: string | null
  }
}

/** An answer other than 200. The message is for the client and has no stack. */
export class ApiError extends Error {
  override name = 'ApiError'

  constructor(
    readonly status: number,
    message: string,
    readonly type: ErrorType,
    readonly code: string | null = null,
    readonly param: string | null = null,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }

  get body(): ErrorBody {
    const { message, type, param, code } = this
    return { error: { message, type, param, code } }
  }
}

/** 400: a field of the request is wrong. The message begins with the field. */
export function invalid(param: string | null, message: string, code: string | null = null): ApiError {
  return new ApiError(400, message, 'invalid_request_error', code, param)
}

/** Another 4xx that is the client's to fix. */
export function refused(status: number, message: string, code: string, headers = {}): ApiError {
  return new ApiError(status, message, 'invalid_request_error', code, null, headers)
}

/** 503 while the model loads or the server stops. */
export function unavailable(message: string, code: 'loading' | 'shutting_down'): ApiError {
  return new ApiError(503, message, 'server_error', code, null, { 'retry-after': '1' })
}

/** A defect, or a damaged model: 500. Only messages made for people are passed on. */
export function serverError(error: unknown): ApiError {
  const isKnown = error instanceof Error && error.name === 'LogitsError'
  const message = isKnown ? error.message : 'the server failed to answer this request. Its log has the reason'
  return new ApiError(500, message, 'server_error', isKnown ? 'bad_logits' : 'internal_error')
}

/** Statuses of errors in fastify and Node's parser, with what they mean; others are 400. */
const HTTP_ERRORS: Readonly<Record<string, readonly [status: number, message: string, code: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    413,
    'the body is larger than this server accepts. Send fewer prompts',
    'body_too_large',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'the body must be JSON. Send content-type: application/json', 'not_json'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'the body must be a JSON object (got nothing)', 'not_json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'the body is not as long as content-length says', 'bad_request'],
  FST_ERR_BAD_URL: [400, 'the URL is not valid', 'bad_request'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'the URL is too long', 'url_too_long'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are larger than 16 kB', 'headers_too_large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the extensions of chunks are too large', 'body_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time', 'request_timeout'],
}

/** The ApiError for anything thrown while a request is read or answered. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const { code = '', statusCode, name } = Object(error) as { code?: string; statusCode?: number; name?: string }
  const known = Object.hasOwn(HTTP_ERRORS, code) ? HTTP_ERRORS[code] : undefined
  if (known) return refused(...known)
  if (/^HPE_/.test(code)) return refused(400, 'the request is not valid HTTP/1.1', 'bad_request')
  // JSON.parse quotes the text in its message, which may be a prompt.
  if (name === 'SyntaxError' || code === 'FST_ERR_CTP_INVALID_JSON_BODY')
    return refused(400, 'the body must be a JSON object (got text that is not JSON)', 'not_json')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return refused(statusCode, 'the request cannot be read', 'bad_request')
  return serverError(error)
}
