import { fork, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { PARENT } from '../../files/index.js'
import { LIMITS, PlanError, type Limits } from './limits.js'
import { readMemoryReport } from './memory-report.js'
import type { CompileAnswer, CompileRequest, CompileResult } from './request.js'

/** Interval of reading the process's memory, ms. */
const WATCH = 200
/** Length of stderr to keep: memory reports have about 20 kB. */
const LOG_CHARACTERS = 200_000

/**
 * Compiles in a subprocess within limits. libtpu reports why a program runs out of memory on stderr only, which is read
 * here.
 * @throws PlanError when a limit is reached, the process ends unexpectedly, or XLA rejects the program
 */
export async function compileInSubprocess(
  request: CompileRequest,
  limits: Limits = LIMITS,
  signal?: AbortSignal,
): Promise<CompileResult> {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: {
      ...process.env,
      ...QUIET,
      ...('environment' in request.on && request.on.environment),
      [PARENT]: String(process.pid),
    },
  })
  const watch = monitor(child, limits, signal)
  try {
    const answer = await answerOf(child, request, watch)
    if (answer.kind === 'failed') throw new PlanError(`XLA cannot compile the step: ${answer.message}`)
    const hostMemory = watch.mostMemory()
    if (answer.kind === 'compiled') return { ...answer, hostMemory }
    await watch.closed // the log is complete then
    const { message, available, seconds } = answer
    return { kind: 'outOfMemory', outOfMemory: readMemoryReport(message, watch.log()), available, seconds, hostMemory }
  } finally {
    watch.end()
  }
}

/** libtpu logs errors to stderr, and nothing to files. */
const QUIET = {
  TPU_MIN_LOG_LEVEL: '2',
  TPU_STDERR_LOG_LEVEL: '2',
  TF_CPP_MIN_LOG_LEVEL: '2',
  TPU_LOG_DIR: 'disabled',
}

function answerOf(
  child: ChildProcess,
  request: CompileRequest,
  watch: ReturnType<typeof monitor>,
): Promise<CompileAnswer> {
  return new Promise((resolve, reject) => {
    // A compilation may finish before memory was read for the first time.
    child.once('message', (answer: CompileAnswer) => {
      void watch.look().then(() => (watch.stopped() ? reject(watch.stopped()!) : resolve(answer)))
    })
    child.once('error', ({ message }) => reject(new PlanError(`cannot start the compiler's process: ${message}`)))
    // On 'close', when its streams have ended, so that the log is complete.
    child.once('close', (code, signal) => {
      const last = watch.log().trim().split('\n').at(-1)
      const how = signal ? `was ended by ${signal}` : `ended with status ${code}`
      reject(watch.stopped() ?? new PlanError(`the compiler ${how}${last ? `; it last said: ${last}` : ''}`))
    })
    child.send(request, (error) => error && reject(error))
  })
}

/** Kills the process when it exceeds a limit, and keeps its log. */
function monitor(child: ChildProcess, limits: Limits, signal?: AbortSignal) {
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
        `compiling took longer than ${limits.time / 60} minutes and was stopped. ` +
          'Raise --time-limit, or plan without XLA (--static)',
      ),
    )
  }, limits.time * 1000)
  const look = async () => {
    const used = await residentBytes(child.pid)
    most = Math.max(most, used)
    if (used <= limits.memory) return
    stop(
      new PlanError(
        `compiling took more than ${(limits.memory / 1e9).toFixed(1)} GB of memory and was stopped. ` +
          `Raise --memory-limit (this machine has ${(totalmem() / 1e9).toFixed(0)} GB), or plan without XLA (--static)`,
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

/** Resident memory of a process in bytes; 0 on systems other than Linux. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
}
