/**
 * What hosts of a run and their coordinator say to each other: lines of JSON over TCP. Both sides first prove that they
 * know the run's secret: each signs the other's random challenge. The secret itself is never sent.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'

/** Shortest secret, in characters. */
export const MIN_SECRET = 16

/** Lines of a host that has not proved itself may have this many bytes. */
export const GREETING_LIMIT = 1024
/** Values are topologies and ids of NCCL: far below this. */
export const LINE_LIMIT = 64 << 20

/** ms between signs of life of each side. */
export const HEARTBEAT = 2000
/** ms without one after which the other side counts as dead. */
export const SILENCE = 20_000

export interface Welcome {
  readonly challenge: string
}
export interface Greeting {
  readonly host: number
  readonly hosts: number
  readonly proof: string
  readonly challenge: string
}

/** Values are in base64. */
export type Request =
  | { readonly id: number; readonly put: string; readonly value: string }
  /** Waits up to `timeout` ms for the key. */
  | { readonly id: number; readonly get: string; readonly timeout: number }
  | { readonly alive: true }
  | { readonly leave: true }

export type Reply =
  | { readonly accepted: string }
  | { readonly refused: string }
  | { readonly id: number; readonly value: string | null }
  | { readonly alive: true }
  /** The run has lost a host: one line for people. */
  | { readonly failed: string }

export const challenge = (): string => randomBytes(32).toString('hex')

/** The signature of a challenge by a host, or by the coordinator. */
export function sign(secret: string, text: string, by: number | 'coordinator'): string {
  return createHmac('sha256', secret).update(`neomesh ${by} ${text}`).digest('hex')
}

export function isSignature(given: unknown, secret: string, text: string, by: number | 'coordinator'): boolean {
  const wanted = Buffer.from(sign(secret, text, by))
  const found = Buffer.from(typeof given === 'string' ? given : '')
  return found.length === wanted.length && timingSafeEqual(found, wanted)
}

/** Throws RangeError. */
export function checkSecret(secret: string | undefined): string {
  if (secret !== undefined && secret.length >= MIN_SECRET) return secret
  const got = secret === undefined ? 'none' : `${secret.length}`
  throw new RangeError(
    `the secret of a run over several hosts must have at least ${MIN_SECRET} characters (got ${got}). ` +
      'Set NEOMESH_CLUSTER_SECRET to the same random text on every host, as from `openssl rand -hex 32`',
  )
}

/** Sends a message, if the connection still is. */
export function send(socket: Socket, message: Welcome | Greeting | Request | Reply): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

/** Calls `take` with each message of a connection; one that is no JSON object, or too long, ends it. */
export function receive(socket: Socket, limit: () => number, take: (message: Record<string, unknown>) => void): void {
  let parts: Buffer[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(10, start)
      const rest = chunk.subarray(start, end < 0 ? undefined : end)
      length += rest.length
      if (length > limit()) return void socket.destroy()
      parts.push(rest)
      if (end < 0) return
      const message = parsed(Buffer.concat(parts).toString())
      ;[parts, length, start] = [[], 0, end + 1]
      if (!message) return void socket.destroy()
      take(message)
      if (socket.destroyed) return
    }
  })
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
