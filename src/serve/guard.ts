/** Who may ask: the key, and pages of other sites. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { ApiError, refused } from './api-error.js'

/** Checks a request's `Authorization: Bearer KEY`, in a time that does not depend on the key. Throws ApiError. */
export function keyGuard(key: string): (request: IncomingMessage) => void {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(key)
  return ({ headers }) => {
    const [, given] = /^Bearer +(.*?) *$/i.exec(headers.authorization ?? '') ?? []
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return
    const what = given === undefined ? 'no key' : 'another one'
    throw new ApiError(
      401,
      `the header authorization must be "Bearer " and this server's key (got ${what})`,
      'authentication_error',
      'invalid_api_key',
      null,
      { 'www-authenticate': 'Bearer' },
    )
  }
}

/**
 * Rejects requests that a page of another site makes in the reader's browser: by its Origin, and, on a server that only this
 * machine can reach, by a Host that is a name (a site can point its own name at 127.0.0.1). Throws ApiError.
 */
export function checkSite({ headers }: IncomingMessage, isLocal: boolean): void {
  const { host, origin } = headers
  if (host === undefined || hostOf(`http://${host}`) === undefined)
    throw refused(400, 'the request must have a valid Host header', 'bad_request')
  if (isLocal && !isLoopback(hostOf(`http://${host}`)!.hostname))
    throw otherSite('Host must be localhost or an address of this machine')
  if (origin !== undefined && hostOf(origin)?.host !== hostOf(`http://${host}`)!.host)
    throw otherSite('Origin must be this server')
}

function otherSite(message: string): ApiError {
  return new ApiError(403, `${message}: pages of other sites have no access`, 'permission_error', 'other_site')
}

function hostOf(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

/** Whether a host, as a URL has it or as a server listens on it, is this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '')
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name)
}
