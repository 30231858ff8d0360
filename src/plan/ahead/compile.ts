import { fork, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { PARENT } from '../../files/index.js'
import { readMemoryReport } from './memory-report.js'
import type { CompileAnswer, CompileRequest, CompileResult } from './request.js'

/** A compilation that came to no end: too long, too large, or XLA gave up. What, and what to do, for people. */
export class PlanError extends Error {
  override name = 'PlanError'
}

export interface Limits {
  /** Seconds. */
  readonly time: number
  /** Bytes of this machine's memory. */
  readonly memory: number
}

/** As the plans in docs/ are held to, but for the time, which goes with the machine. */
export const LIMITS: Limits = { time: 20 * 60, memory: 8e9 }

/** How often the process's memory is looked at, in ms. */
const WATCH = 200
/** What is kept of stderr: reports of memory are some 20 kB. */
const LOG_CHARACTERS = 200_000

/**
 * Compiles in a process of its own, within bounds. libtpu logs errors alone and only here: what it says beside a failure
 * is read from stderr.
 * @throws PlanError when a limit is reached, the process ends by itself, or XLA refuses the program
 */
export async function compileApart(
  request: CompileRequest,
  limits: Limits = LIMITS,
  signal?: AbortSignal,
): Promise<CompileResult> {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, ...QUIET, [PARENT]: String(process.pid) },
  })
  const watch = watchOver(child, limits, signal)
  try {
    const answer = await answerOf(child, request, watch)
    if (answer.kind === 'failed') throw new PlanError(`XLA cannot compile the step: ${answer.message}`)
    const hostMemory = watch.mostMemory()
    if (answer.kind === 'compiled') return { ...answer, hostMemory }
    await watch.closed // the log is whole then
    const { message, available, seconds } = answer
    return { kind: 'overfull', overfull: readMemoryReport(message, watch.log()), available, seconds, hostMemory }
  } finally {
    watch.end()
  }
}

/** Errors of libtpu on stderr, nothing in files. */
const QUIET = {
  TPU_MIN_LOG_LEVEL: '2',
  TPU_STDERR_LOG_LEVEL: '2',
  TF_CPP_MIN_LOG_LEVEL: '2',
  TPU_LOG_DIR: 'disabled',
}

function answerOf(
  child: ChildProcess,
  request: CompileRequest,
  watch: ReturnType<typeof watchOver>,
): Promise<CompileAnswer> {
  return new Promise((resolve, reject) => {
    // Looked at once more, for one that is done before the first time is up.
    child.once('message', (answer: CompileAnswer) => {
      void watch.look().then(() => (watch.stopped() ? reject(watch.stopped()!) : resolve(answer)))
    })
    child.once('error', ({ message }) => reject(new PlanError(`cannot start the compiler's process: ${message}`)))
    // After its streams have ended, so that the log is whole.
    child.once('close', (code, signal) => {
      const last = watch.log().trim().split('\n').at(-1)
      const how = signal ? `was ended by ${signal}` : `ended with status ${code}`
      reject(watch.stopped() ?? new PlanError(`the compiler ${how}${last ? `; it last said: ${last}` : ''}`))
    })
    child.send(request, (error) => error && reject(error))
  })
}

/** Ends the process when it goes beyond a limit, and keeps what it says. */
function watchOver(child: ChildProcess, limits: Limits, signal?: AbortSignal) {
  let log = ''
  let most = 0
  let why: Error | null = null
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-LOG_CHARACTERS)))
  const stop = (error: Error) => {
    why ??= error
    child.kill('SIGKILL')
  }
  const timer = setTimeout(() => {
    stop(
      new PlanError(
        `compiling took longer than ${limits.time / 60} minutes, so it was stopped. ` +
          'Allow it more with --time-limit, or plan without XLA (--static)',
      ),
    )
  }, limits.time * 1000)
  const look = async () => {
    const used = await residentBytes(child.pid)
    most = Math.max(most, used)
    if (used <= limits.memory) return
    stop(
      new PlanError(
        `compiling took more than ${(limits.memory / 1e9).toFixed(1)} GB of memory, so it was stopped. ` +
          `Allow it more with --memory-limit (this machine has ${(totalmem() / 1e9).toFixed(0)} GB), or plan without XLA (--static)`,
      ),
    )
  }
  const interval = setInterval(() => void look(), WATCH)
  const abort = () => stop(signal!.reason as Error)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  return {
    closed: new Promise((resolve) => child.once('close', resolve)),
    look,
    log: () => log,
    stopped: () => why,
    mostMemory: () => (most > 0 ? most : null),
    end() {
      clearTimeout(timer)
      clearInterval(interval)
      signal?.removeEventListener('abort', abort)
      child.kill('SIGKILL')
    },
  }
}

/** Memory of a process that is in use, 0 where the system does not tell (only Linux does, and there libtpu runs). */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
}
