/** Messages between the main thread of the kernel (attendant.ts) and its attendant (attendant-thread.ts). */
import type { MessagePort } from 'node:worker_threads'

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
  /** An interrupt that the main thread received. */
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'ask'; readonly frames: readonly (Uint8Array | string)[] }
