import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EngineName, Platform } from '../../engine/index.js'
import { PARENT } from '../../files/index.js'
import type { TrainEvent } from '../../train/index.js'
import type { CellResult, CellWork } from './run-cell.js'

/** Which engine a process opens. */
export interface PoolEngine {
  readonly engine?: EngineName
  readonly device?: Platform
}

/** From the process that trains. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly event: TrainEvent }
  | { readonly kind: 'done'; readonly result: CellResult | null }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string }

/** To it. */
export type ToWorker =
  | { readonly kind: 'open'; readonly engine: PoolEngine }
  | { readonly kind: 'cell'; readonly work: CellWork }
  | { readonly kind: 'stop' }

/** Processes that train cells, each on one thread: small models gain more from that than from threads. */
export interface Pool {
  /** Trains a cell in a process that is free; reports its events. Null if the signal came first. Throws what training throws. */
  run(work: CellWork, onEvent: (event: TrainEvent) => void, signal?: AbortSignal): Promise<CellResult | null>
  /** Ends the processes. */
  close(): void
}

/** Starts processes as they are needed, and uses them again. */
export function createPool(engine: PoolEngine): Pool {
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  const start = (): ChildProcess => {
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, PJRT_NPROC: '1', [PARENT]: String(process.pid) },
    })
    all.add(child)
    child.once('exit', () => all.delete(child))
    child.send({ kind: 'open', engine } satisfies ToWorker)
    return child
  }
  return {
    async run(work, onEvent, signal) {
      const child = idle.pop() ?? start()
      try {
        const result = await resultOf(child, work, onEvent, signal)
        idle.push(child)
        return result
      } catch (error) {
        child.kill('SIGKILL')
        throw error
      }
    },
    close() {
      for (const child of all) child.kill('SIGKILL')
    },
  }
}

function resultOf(
  child: ChildProcess,
  work: CellWork,
  onEvent: (event: TrainEvent) => void,
  signal?: AbortSignal,
): Promise<CellResult | null> {
  const send = (message: ToWorker) => child.connected && child.send(message)
  return new Promise((resolve, reject) => {
    const stop = () => void send({ kind: 'stop' })
    const heard = (message: FromWorker) => {
      if (message.kind === 'event') return onEvent(message.event)
      if (message.kind === 'ready') return
      ended()
      if (message.kind === 'done') resolve(message.result)
      else reject(Object.assign(new Error(message.message), { name: message.name }))
    }
    const gone = (code: number | null, by: string | null) => {
      ended()
      reject(new Error(`the process that trained ${work.run} ended ${by ? `by ${by}` : `with status ${code}`}`))
    }
    const ended = () => {
      child.off('message', heard)
      child.off('exit', gone)
      signal?.removeEventListener('abort', stop)
    }
    child.on('message', heard)
    child.once('exit', gone)
    signal?.addEventListener('abort', stop)
    send({ kind: 'cell', work })
    if (signal?.aborted) stop()
  })
}
