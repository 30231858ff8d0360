/** The thread that holds a host's connection, and on host 0 the coordinator: both answer while the main thread waits for XLA. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { Coordinator, type CoordinatorOptions } from './coordinator.js'
import { Member, type MemberOptions } from './member.js'

export interface WorkerData {
  readonly member: MemberOptions
  readonly serve: CoordinatorOptions | null
  /** Whether the process is killed if it has not ended some time after a failure. */
  readonly endsProcess: boolean
  readonly port: MessagePort
  /** i32 [1]: 1 when the answer to a question is in the port. */
  readonly signal: Int32Array
}

export type Question =
  | { readonly put: string; readonly value: Uint8Array }
  | { readonly get: string; readonly timeout: number }
  | { readonly leave: true }
export interface Answer {
  readonly value?: Uint8Array | null
  readonly error?: string
}
export type Event = { readonly joined: true } | { readonly error: string } | { readonly failed: string }

/** ms that the main thread has to end after a failure. */
const LAST_WORDS = 10_000

const { member: options, serve, endsProcess, port, signal } = workerData as WorkerData
const tell = (event: Event) => parentPort!.postMessage(event)

try {
  const coordinator = serve ? await Coordinator.listen(serve) : null
  const member = await Member.join({
    ...options,
    onFailure(reason) {
      tell({ failed: reason })
      if (endsProcess) setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_WORDS)
    },
  })
  port.on('message', (question: Question) => void reply(question))
  const reply = async (question: Question) => {
    const answer: Answer = await answerTo(question).catch((error: unknown) => ({
      error: String((error as Error).message),
    }))
    port.postMessage(answer)
    Atomics.store(signal, 0, 1)
    Atomics.notify(signal, 0)
    // Ends this thread alone.
    if ('leave' in question) process.exit()
  }
  const answerTo = async (question: Question): Promise<Answer> => {
    if ('put' in question) await member.put(question.put, question.value)
    else if ('get' in question) return { value: await member.get(question.get, question.timeout) }
    else {
      await member.leave()
      // The others may still need it.
      await coordinator?.emptied()
      await coordinator?.close()
    }
    return {}
  }
  tell({ joined: true })
} catch (error) {
  tell({ error: (error as Error).message })
}
