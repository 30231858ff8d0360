/** What the library needs of the JavaScript runtime that Node and browsers have under different names, or one of them only. */

/** Joining and splitting of paths, as in node:path. */
export interface Paths {
  join(...parts: string[]): string
  resolve(...parts: string[]): string
  dirname(path: string): string
  basename(path: string): string
  isAbsolute(path: string): boolean
  relative(from: string, to: string): string
}

/** A digest of data that comes in pieces. */
export interface Digest {
  update(data: Uint8Array | string): Digest
  /** In hexadecimal. No update may follow. */
  digest(): string
}

/** The machine, as far as the runtime reveals it. */
export interface MachineFacts {
  /** Cores that this process may use. */
  readonly cores: number
  /** Bytes of memory; null if unknown. A browser reports at most 8 GiB. */
  readonly memory: number | null
  /** Bytes of memory that are not in use; null if unknown. */
  readonly freeMemory: number | null
  /** The processor's name, or its architecture. */
  readonly cpu: string
  readonly os: string
  readonly hostName: string
  /** As in `v20.20.2 on linux x64` or `Chromium 156`. */
  readonly runtime: string
}

/** As in setTimeout of node:timers/promises. */
export type Sleep = (ms: number, value?: undefined, options?: { signal?: AbortSignal }) => Promise<void>

export interface Runtime {
  readonly kind: 'node' | 'browser'
  /** Node's version; in a browser its name and version. */
  readonly version: string
  /** neomesh's version. */
  readonly packageVersion: string
  readonly paths: Paths
  /** The paths of buckets and of archives, which are POSIX paths on every system. */
  readonly posix: Paths
  sha256Digest(): Digest
  /** Whether bytes are valid UTF-8. */
  isUtf8(bytes: Uint8Array): boolean
  /** Unpacks gzip. Rejects with an error whose code begins with Z_ if the data is corrupt or cut off. */
  gunzip(pieces: AsyncIterable<Uint8Array>, pieceBytes: number): AsyncIterable<Buffer>
  /** Lets events happen, such as an interrupt, before the work continues. */
  nextTurn(): Promise<void>
  readonly sleep: Sleep
  /** Calls `work` after `ms`, unless the process ends before. Returns a function that cancels it. */
  later(ms: number, work: () => void): () => void
  machine(): MachineFacts
  /** CPU time of this process on all cores, seconds; in a browser, which does not report it, the wall time. */
  cpuSeconds(): number
  /** Number of the process, for locks; in a browser a random number of this page or worker. */
  readonly processId: number
  /** Values of environment variables. A browser has those of `globalThis.NEOMESH_ENVIRONMENT`, if any. */
  environment(): Readonly<Record<string, string | undefined>>
  /** Reports a problem that does not stop the work. */
  warn(text: string): void
  /** A value as text, as in a console. */
  inspect(value: unknown): string
  /** Calls `listener` once when the user interrupts the program, as with Ctrl-C. */
  onInterrupt(listener: () => void): void
  /** The system's description of an error number. */
  systemError(errno: number | undefined): string | undefined
}
