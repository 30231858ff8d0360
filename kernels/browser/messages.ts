/** Messages between the page (extension.ts) and the worker that compiles and runs cells (worker.ts). */
import type { ErrorReport } from '../core/errors.js'

/** Memory by which the page reaches a worker that does not return to its event loop. */
export interface SharedMemory {
  /** Numbers of core/flags.ts, and at LENGTH the length of `line` in bytes. */
  readonly flags: Int32Array
  /** The line that the reader has entered, in UTF-8. */
  readonly line: Uint8Array
}

export const LENGTH = 6
const NUMBERS = 16
const LINE_BYTES = 1 << 16

export function sharedMemory(): SharedMemory {
  const memory = new SharedArrayBuffer(4 * NUMBERS + LINE_BYTES)
  return { flags: new Int32Array(memory, 0, NUMBERS), line: new Uint8Array(memory, 4 * NUMBERS) }
}

export type ToWorker =
  | {
      readonly kind: 'start'
      /** Address of the folder that has the worker, with a slash at the end. */
      readonly base: string
      /** Memory shared with the page, where the page is isolated. */
      readonly shared?: SharedMemory
      /** Texts of parameters by their names, which replace those in cells. */
      readonly parameters: Readonly<Record<string, string>>
    }
  | {
      readonly kind: 'ask'
      readonly id: number
      readonly request: Request
    }
  | { readonly kind: 'interrupt'; readonly count: number }

export type Request =
  | { readonly type: 'execute'; readonly number: number; readonly code: string; readonly silent: boolean }
  | { readonly type: 'complete' | 'inspect'; readonly code: string; readonly cursor: number }
  | { readonly type: 'isComplete'; readonly code: string }

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly content: object }
  | { readonly kind: 'heard'; readonly count: number }
  | { readonly kind: 'input'; readonly prompt: string }
  | { readonly kind: 'publish'; readonly type: Published; readonly content: object }

export type Published = 'stream' | 'display_data' | 'update_display_data' | 'execute_result' | 'error'

/** Content of the answer to `execute`. */
export type Executed = { readonly status: 'ok' } | ({ readonly status: 'error' } & ErrorReport)
