/** What the main thread of the kernel and its attendant (attendant.ts) share and say to each other. */
import type { MessagePort } from 'node:worker_threads'

/** Indices of the shared numbers. */
export const FLAGS = {
  /** Interrupts so far. */
  requested: 0,
  /** Those that the main thread's event loop has heard of. */
  acknowledged: 1,
  /** The last one for which a check in a cell has thrown. */
  thrown: 2,
  /** Above 0 while the main thread runs code that must not be terminated: the kernel's. */
  protected: 3,
  /** State of a request for input; see INPUT. */
  input: 4,
  /** 1 while the cell's code holds a signal that the next interrupt aborts: it is not to be terminated. */
  signal: 5,
}

export const INPUT = { waiting: 0, received: 1, interrupted: 2 }

export interface AttendantData {
  readonly flags: Int32Array
  /** Process that started the kernel. */
  readonly parent: number
  /** Path of the module. */
  readonly zeromq: string
  readonly port: MessagePort
}

export type FromAttendant =
  | { readonly kind: 'ready'; readonly listens: boolean }
  | { readonly kind: 'interrupt'; readonly count: number }
  | { readonly kind: 'terminated' }
  | { readonly kind: 'input'; readonly frames: readonly Uint8Array[] }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: string }

export type ToAttendant =
  | { readonly kind: 'bind'; readonly address: string }
  | { readonly kind: 'close' }
  /** An interrupt that the main thread heard of. */
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'ask'; readonly frames: readonly (Uint8Array | string)[] }
