/** Loads tslab for Node: its converter with the compiler as core/compiler.ts changes it, and its server of Jupyter's protocol. */
import { createRequire } from 'node:module'
import { isCheckout, join, kernelPackages } from '../../src/files/index.js'
import type { CompilerApi } from '../core/compiler-api.js'
import type { CellCompiler } from '../core/tslab.js'

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

export interface Tslab extends CellCompiler {
  readonly Server: new (handler: Handler, connectionFile: string) => Server
  /** tslab itself, for cells that import it. */
  readonly library: unknown
  /** Path of the module zeromq. */
  readonly zeromq: string
}

/** Loads tslab with the compiler that `patch` has changed. Throws an Error with how to install it. */
export function loadTslab(patch: (compiler: CompilerApi) => Partial<CompilerApi>): Tslab {
  const require = createRequire(import.meta.url)
  const main = findTslab([require, createRequire(join(kernelPackages(), 'package.json'))])
  const requireOfTslab = createRequire(main)
  const path = requireOfTslab.resolve('@tslab/typescript-for-tslab')
  const compiler = requireOfTslab(path) as CompilerApi
  // The compiler's functions cannot be assigned to; tslab gets another object of the same functions.
  require.cache[path]!.exports = { ...compiler, ...patch(compiler) }
  const { createConverter, isCompleteCode } = requireOfTslab('./converter') as Tslab
  const { getCodeMetadata } = requireOfTslab('./metadata') as Tslab
  const { ZmqServer } = requireOfTslab('./jupyter') as { ZmqServer: Tslab['Server'] }
  const zeromq = requireOfTslab.resolve('zeromq')
  return { createConverter, isCompleteCode, getCodeMetadata, Server: ZmqServer, library: requireOfTslab(main), zeromq }
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
