/** Starts threads: Node's, or a browser's workers. The only part of the engine that knows where it runs. */
import { power } from './functions.js'

/** What a thread begins with: the memory, and the address and words of its mailbox there. */
export interface ThreadStart {
  readonly memory: unknown
  readonly address: number
  readonly words: number
  /** How often it looks for an order before it sleeps. */
  readonly looks: number
}

export interface Thread {
  end(): void
}

/**
 * The program of a thread, as text, so that no bundler has to know of it. It waits for an order, runs its calls, and says so.
 * Orders are as team.ts writes them.
 */
const PROGRAM = `
const power = ${power}
const { sin, cos, expm1, log1p } = Math
function serve({ memory, address, words, looks }) {
  const box = new Int32Array(memory.buffer, address, words)
  const imports = { m: { m: memory, sin, cos, expm1, log1p, pow: power, remainder: (a, b) => a % b } }
  const functions = new Map()
  Atomics.store(box, 1, 1)
  for (let order = 1; ; order++) {
    for (let look = 0; look < looks && Atomics.load(box, 0) < order; look++);
    while (Atomics.load(box, 0) < order) Atomics.wait(box, 0, order - 1)
    if (Atomics.compareExchange(box, 3, order - 1, order) !== order - 1) continue
    try {
      for (let at = 4; at < box[2]; ) {
        if (box[at] === -1) {
          const bytes = new Uint8Array(box.buffer, box.byteOffset + 4 * (at + 3), box[at + 2]).slice()
          functions.set(box[at + 1], new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports.f)
          at += 3 + Math.ceil(bytes.length / 4)
        } else {
          const count = box[at + 1]
          functions.get(box[at])(...box.subarray(at + 2, at + 2 + count))
          at += 2 + count
        }
      }
      Atomics.store(box, 1, order + 1)
    } catch (error) {
      Atomics.store(box, 1, -1)
    }
    Atomics.notify(box, 1)
  }
}`

interface NodeThreads {
  readonly Worker: new (
    text: string,
    options: { eval: true; workerData: unknown },
  ) => { unref(): void; terminate(): Promise<number> }
  readonly availableParallelism: () => number
}

/** What of Node and of browsers is used. */
interface Surroundings {
  readonly process?: { getBuiltinModule?: (name: string) => NodeThreads }
  readonly Worker?: new (url: string) => { postMessage(data: unknown): void; terminate(): void }
  readonly crossOriginIsolated?: boolean
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly URL: { createObjectURL(blob: unknown): string }
  readonly Blob: new (parts: string[], options: { type: string }) => unknown
}

const surroundings = () => globalThis as unknown as Surroundings

/** Whether threads may share memory; a page has to be cross-origin isolated. */
export const isIsolated = (): boolean => surroundings().crossOriginIsolated ?? true

/** Threads that this machine runs at a time. */
export function coreCount(): number {
  const { process, navigator } = surroundings()
  return process?.getBuiltinModule?.('node:os').availableParallelism() ?? navigator?.hardwareConcurrency ?? 1
}

/** Starts a thread. Throws where the page may not share memory. */
export function spawn(start: ThreadStart): Thread {
  const { process, Worker, URL, Blob } = surroundings()
  const threads = process?.getBuiltinModule?.('node:worker_threads')
  if (threads) {
    const text = `${PROGRAM}\nserve(require('node:worker_threads').workerData)`
    const worker = new threads.Worker(text, { eval: true, workerData: start })
    worker.unref()
    return { end: () => void worker.terminate() }
  }
  if (!Worker) throw new Error('there are no workers here')
  const text = `${PROGRAM}\nonmessage = ({ data }) => serve(data)`
  const worker = new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })))
  worker.postMessage(start)
  return { end: () => worker.terminate() }
}
