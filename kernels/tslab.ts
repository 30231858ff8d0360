/**
 * tslab, which the kernel is built on: its converter type-checks cells and compiles them to JavaScript, its server
 * speaks Jupyter's protocol. It is an optional dependency, so what is used of it is described here.
 */
import { createRequire } from 'node:module'
import { isCheckout, join, kernelPackages } from '../src/files/index.js'
import type { CompilerApi } from './compiler-api.js'

export interface Position {
  readonly offset: number
  /** From 0. */
  readonly line: number
  /** From 0. */
  readonly character: number
}

export interface Diagnostic {
  readonly start: Position
  readonly end: Position
  readonly messageText: string
  readonly code: number
  /** Of a module that the cell imports; absent for the cell itself. */
  readonly fileName?: string
}

export interface Converted {
  output?: string
  declOutput?: string
  readonly diagnostics: readonly Diagnostic[]
  readonly lastExpressionVar?: string
  readonly hasToplevelAwait?: boolean
  readonly sideOutputs?: readonly SideOutput[]
}

/** JavaScript of a local file that a cell imports. */
export interface SideOutput {
  readonly path: string
  readonly data: string
}

export interface QuickInfo {
  readonly displayParts?: readonly { text: string }[]
  readonly documentation?: readonly { text: string }[]
  readonly tags?: readonly { name: string; text?: readonly { text: string }[] }[]
}

export interface Completions {
  readonly start: number
  readonly end: number
  readonly candidates: readonly string[]
  readonly original?: { readonly entries: readonly { name: string; kind: string }[] }
}

export interface Converter {
  /** `declarations` are those of all earlier cells. */
  convert(declarations: string, source: string): Converted
  inspect(declarations: string, source: string, position: number): QuickInfo | undefined
  complete(declarations: string, source: string, position: number): Completions
  addModule(name: string, content: string, metadata?: object): Diagnostic[]
  close(): void
}

/** A message of Jupyter's protocol. */
export interface Message {
  readonly header: { msg_type: string; readonly msg_id: string }
  content: any
  createReply(): Message
  signAndSend(key: string, socket: unknown): void
}

export interface Handler {
  handleKernel(): object
  handleIsComplete(request: { code: string }): object
  handleInspect(request: { code: string; cursor_pos: number }): object
  handleComplete(request: { code: string; cursor_pos: number }): object
  handleShutdown(request: { restart: boolean }): object
  close(): void
}

export interface Server {
  readonly connInfo: {
    readonly key: string
    readonly transport: string
    readonly ip: string
    readonly iopub_port: number
    readonly stdin_port: number
  }
  readonly iopub: { sendHighWaterMark: number; sendTimeout: number }
  bindSocket(socket: unknown, port: number): Promise<void>
  publishStatus(status: string, parent: Message): void
  handleShellMessage(socket: unknown, ...frames: Buffer[]): Promise<void>
  handleExecute(socket: unknown, message: Message): Promise<void>
  handleCommInfoRequest(socket: unknown, message: Message): void
  handleShutdown(socket: unknown, message: Message): void
  init(): Promise<void>
  close(): void
}

export interface Tslab {
  createConverter(): Converter
  /** What comments at the beginning of a cell say of it: `@module NAME` makes it a module. */
  getCodeMetadata(source: string): { module?: string; mode?: 'node' | 'browser' }
  isCompleteCode(source: string): { completed: boolean; indent?: string }
  readonly Server: new (handler: Handler, connectionFile: string) => Server
  /** tslab itself, for cells that import it. */
  readonly library: unknown
  /** Path of the module zeromq. */
  readonly zeromq: string
}

/** Loads tslab with the compiler that `patch` has changed. Throws an Error that says how to install it. */
export function loadTslab(patch: (compiler: CompilerApi) => Partial<CompilerApi>): Tslab {
  const require = createRequire(import.meta.url)
  const main = findTslab([require, createRequire(join(kernelPackages(), 'package.json'))])
  const own = createRequire(main)
  const path = own.resolve('@tslab/typescript-for-tslab')
  const compiler = own(path) as CompilerApi
  // The compiler's functions cannot be assigned to; tslab gets another object of the same functions.
  require.cache[path]!.exports = { ...compiler, ...patch(compiler) }
  const { createConverter, isCompleteCode } = own('./converter') as Tslab
  const { getCodeMetadata } = own('./metadata') as Tslab
  const { ZmqServer } = own('./jupyter') as { ZmqServer: Tslab['Server'] }
  const zeromq = own.resolve('zeromq')
  return { createConverter, isCompleteCode, getCodeMetadata, Server: ZmqServer, library: own(main), zeromq }
}

function findTslab(requires: readonly NodeJS.Require[]): string {
  for (const require of requires)
    try {
      return require.resolve('tslab')
    } catch {
      // The next one may have it.
    }
  const remedy = isCheckout ? 'make setup' : 'npx neomesh setup --notebooks'
  throw new Error(`neomesh: the kernel needs the npm package tslab (not installed). Run \`${remedy}\`.`)
}
