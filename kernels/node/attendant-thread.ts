/**
 * The thread beside the kernel's main thread: it receives interrupts while the main thread is in a loop, terminates code
 * that does not check for them, receives input, and ends the process when Jupyter has died.
 */
import { createRequire } from 'node:module'
import { Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'
import { FLAGS, INPUT } from '../core/flags.js'
import type { AttendantData, FromAttendant, ToAttendant } from './attendant-messages.js'

/** Time for cells to notice an interrupt themselves before they are terminated, in ms; more where one has thrown. */
const PATIENCE = 1000
const PATIENCE_WITH_CLEANUP = 2000
/** Interval of checking the parent process, in ms. */
const PARENT_INTERVAL = 500

const { flags, parent, zeromq, port } = workerData as AttendantData
const post = (message: FromAttendant) => port.postMessage(message)

/** One interrupt: counted for the checks of cells at once, and for the event loop of the main thread. */
function interrupt(): void {
  const isLeftToEnd = Atomics.load(flags, FLAGS.signal) === 1
  const count = Atomics.add(flags, FLAGS.requested, 1) + 1
  Atomics.store(flags, FLAGS.input, INPUT.interrupted)
  Atomics.notify(flags, FLAGS.input)
  post({ kind: 'interrupt', count })
  if (isLeftToEnd) return
  const isStuck = () =>
    Atomics.load(flags, FLAGS.acknowledged) < count &&
    Atomics.load(flags, FLAGS.protected) === 0 &&
    Atomics.load(flags, FLAGS.requested) === count
  setTimeout(() => {
    if (!isStuck()) return
    if (Atomics.load(flags, FLAGS.thrown) < count) terminate()
    else setTimeout(() => isStuck() && terminate(), PATIENCE_WITH_CLEANUP - PATIENCE)
  }, PATIENCE)
}

/** Ends the JavaScript that the main thread runs, also in packages and regular expressions; the process lives. */
function terminate(): void {
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.terminateExecution', () => {
    session.disconnect()
    post({ kind: 'terminated' })
  })
}

/** Node gives signals to the main thread's event loop alone; this is what it listens with. */
function listen(): void {
  process.noDeprecation = true
  const binding = (process as unknown as { binding(name: string): any }).binding('signal_wrap')
  const signal = new binding.Signal()
  signal.onsignal = interrupt
  signal.start(2)
}

/** What is used of the module, which tslab brings. */
interface Zeromq {
  readonly Router: new () => AsyncIterable<Uint8Array[]> & {
    bind(address: string): Promise<void>
    send(frames: readonly Uint8Array[]): Promise<void>
    close(): void
  }
}

/** Receives replies of the reader to requests for input. */
async function bindInput(address: string): Promise<void> {
  const { Router } = createRequire(import.meta.url)(zeromq) as Zeromq
  const router = new Router()
  await router.bind(address)
  port.on('message', (message: ToAttendant) => {
    // Node would end the process with an error if the socket were open when it exits.
    if (message.kind === 'close') router.close()
    if (message.kind === 'ask') void router.send(message.frames.map((frame) => Buffer.from(frame)))
  })
  for await (const frames of router) {
    post({ kind: 'input', frames })
    Atomics.store(flags, FLAGS.input, INPUT.received)
    Atomics.notify(flags, FLAGS.input)
  }
  post({ kind: 'closed' })
}

/**
 * The kernel and its children, which are in its process group, end when the process that started it has ended, or
 * Jupyter (JPY_PARENT_PID, as in ipykernel), which may have started it through another process.
 */
function watchParent(): void {
  const jupyter = Number(process.env.JPY_PARENT_PID)
  // In another namespace of processes the number means nothing.
  const watchesJupyter = jupyter > 1 && jupyter !== parent && isAlive(jupyter)
  setInterval(() => {
    if (process.ppid === parent && !(watchesJupyter && !isAlive(jupyter))) return
    try {
      process.kill(-process.pid, 'SIGKILL')
    } catch {} // it leads no group of processes
    process.kill(process.pid, 'SIGKILL')
  }, PARENT_INTERVAL)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

port.on('message', (message: ToAttendant) => {
  if (message.kind === 'interrupt') interrupt()
  if (message.kind === 'bind')
    bindInput(message.address).then(
      () => {},
      (error: Error) => post({ kind: 'failed', error: error.message }),
    )
})
watchParent()
try {
  listen()
  post({ kind: 'ready', listens: true })
} catch {
  post({ kind: 'ready', listens: false })
}
