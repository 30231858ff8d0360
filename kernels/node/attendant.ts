/** The main thread's side of the attendant (attendant-thread.ts). */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { FLAGS, INPUT } from '../core/flags.js'
import type { AttendantData, FromAttendant, ToAttendant } from './attendant-messages.js'

export interface Attendant {
  /** Shared numbers; see flags.ts. */
  readonly flags: Int32Array
  /** Sets what is called on the event loop for an interrupt, and after code was terminated. */
  onInterrupt(heard: (count: number) => void, terminated: () => void): void
  /** Runs kernel code that must not be terminated by an interrupt. */
  protect<T>(work: () => T): T
  bindInput(address: string): void
  /** Closes the input socket; call it before the process exits. */
  close(): Promise<void>
  /** Sends a request for input; the reply's frames, or null where an interrupt came first. */
  ask(frames: readonly (Uint8Array | string)[]): Promise<readonly Uint8Array[] | null>
  /** As `ask`, while the main thread waits. */
  askSync(frames: readonly (Uint8Array | string)[]): readonly Uint8Array[] | null
}

/** Starts the thread. `parent`: process with which the kernel ends. `zeromq`: path of the module. */
export async function startAttendant(parent: number, zeromq: string): Promise<Attendant> {
  const flags = new Int32Array(new SharedArrayBuffer(4 * Object.keys(FLAGS).length))
  const { port1: port, port2 } = new MessageChannel()
  const worker = new Worker(new URL('./attendant-thread.js', import.meta.url), {
    workerData: { flags, parent, zeromq, port: port2 } satisfies AttendantData,
    transferList: [port2],
    execArgv: [],
  })
  const send = (message: ToAttendant) => port.postMessage(message)
  let heard: (count: number) => void = () => {}
  let terminated = () => {}
  let closed = () => {}
  let answer: ((frames: readonly Uint8Array[] | null) => void) | null = null
  const settle = (frames: readonly Uint8Array[] | null) => {
    answer?.(frames)
    answer = null
  }

  const receive = (message: FromAttendant) => {
    if (message.kind === 'interrupt') {
      Atomics.store(flags, FLAGS.acknowledged, message.count)
      settle(null)
      heard(message.count)
    } else if (message.kind === 'terminated') terminated()
    else if (message.kind === 'input') settle(message.frames)
    else if (message.kind === 'closed') closed()
    else if (message.kind === 'failed')
      process.stderr.write(`neomesh: input is not available (${message.error}). Restart the kernel to ask for input\n`)
  }
  const listens = await new Promise<boolean>((resolve, reject) => {
    worker.once('error', reject)
    port.once('message', (message: FromAttendant) => resolve(message.kind === 'ready' && message.listens))
  })
  port.on('message', receive)
  worker.unref()
  port.unref()
  // The attendant receives it; without a listener here the signal would end the process.
  process.on('SIGINT', () => listens || send({ kind: 'interrupt' }))

  const ask = (frames: readonly (Uint8Array | string)[]) => {
    settle(null)
    Atomics.store(flags, FLAGS.input, INPUT.waiting)
    const reply = new Promise<readonly Uint8Array[] | null>((resolve) => (answer = resolve))
    send({ kind: 'ask', frames })
    return reply
  }
  return {
    flags,
    onInterrupt(interrupted, ended) {
      heard = interrupted
      terminated = ended
    },
    protect(work) {
      Atomics.add(flags, FLAGS.protected, 1)
      try {
        return work()
      } finally {
        Atomics.sub(flags, FLAGS.protected, 1)
      }
    },
    bindInput: (address) => send({ kind: 'bind', address }),
    close: () =>
      new Promise((resolve) => {
        closed = resolve
        send({ kind: 'close' })
      }),
    ask,
    askSync(frames) {
      let reply: readonly Uint8Array[] | null = null
      let done = false
      void ask(frames)
      answer = (given) => {
        done = true
        reply = given
      }
      while (!done) {
        Atomics.wait(flags, FLAGS.input, INPUT.waiting)
        Atomics.store(flags, FLAGS.input, INPUT.waiting)
        for (;;) {
          const next = receiveMessageOnPort(port)
          if (next === undefined) break
          receive(next.message as FromAttendant)
        }
      }
      return reply
    },
  }
}
