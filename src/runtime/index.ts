/** The JavaScript runtime: what Node and browsers do differently. package.json's `imports` choose the file. */
import { runtime as chosen } from '#runtime'
import type { Runtime } from './runtime.js'

export type { Digest, MachineFacts, Paths, Runtime } from './runtime.js'

export const runtime: Runtime = chosen
export const { paths, posix, nextTurn, sleep, later, machine, sha256Digest, isUtf8 } = runtime

/** Random bytes in hexadecimal. */
export function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
}
