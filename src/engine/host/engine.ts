import { HostMemory, type HostArray } from './host-memory.js'
import { Interpreter } from './interpreter.js'
import { coreCount } from './wasm/spawn.js'
import { threadCount, whyAlone, withThreads } from './wasm/threads.js'

/** Threads beyond this many gained little in a page, whose machine does other work too. */
const MOST_THREADS = 4

/**
 * The engine on kernels of our own in WebAssembly and JavaScript, which needs nothing but the language: in Node and in browsers.
 * Its numbers do not depend on the number of threads.
 */
export function openHost({ threads = Math.min(coreCount(), MOST_THREADS) }: HostOptions = {}): HostEngine {
  const alone = threads > 1 ? whyAlone() : null
  return new HostEngine(alone === null ? threads : 1, alone)
}

export interface HostOptions {
  /**
   * Most threads that share the work of all engines of this kind here; in a browser the page has to be isolated
   * (Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy), else it is one. @default the processor's, at most 4
   */
  readonly threads?: number
}

export class HostEngine extends Interpreter<HostArray, HostMemory> {
  /**
   * @param threads most that work for it
   * @param alone why it has one thread, if it could not have more
   */
  constructor(
    threads: number,
    readonly alone: string | null,
  ) {
    const shown = alone === null ? `${threads} thread${threads === 1 ? '' : 's'}` : `1 thread: ${alone}`
    super('host', `host on cpu (WebAssembly, ${shown})`, 'cpu', new HostMemory(), threads)
  }

  /** Threads that work for it now: they start with the first large piece of work. */
  get started(): number {
    return withThreads(this.threads, threadCount)
  }
}
