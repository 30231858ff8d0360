import { HostMemory, type HostArray } from './host-memory.js'
import { Interpreter } from './interpreter.js'
import { useThreads } from './wasm/functions.js'

/** The engine on kernels of our own in JavaScript, which needs nothing but the language: in Node and in browsers. */
export function openHost({ threads }: HostOptions = {}): HostEngine {
  return new HostEngine(threads !== undefined && useThreads(threads) ? threads : 1)
}

export interface HostOptions {
  /**
   * Threads that share the work of all engines of this kind here; in a browser the page has to be isolated
   * (Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy), else it is one. @default 1
   */
  readonly threads?: number
}

export class HostEngine extends Interpreter<HostArray, HostMemory> {
  /** @param threads of the process, or page */
  constructor(readonly threads: number) {
    super('host', 'host on cpu (JavaScript kernels)', 'cpu', new HostMemory())
  }

  override async close(): Promise<void> {
    await super.close()
    if (this.threads > 1) useThreads(1)
  }
}
