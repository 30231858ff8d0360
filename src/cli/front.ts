/** The program that started this process, forwards signals to it and waits for it: npm, npx, make and similar. */
import { readFileSync } from 'node:fs'

interface Process {
  readonly pid: number
  readonly parent: number
  /** Start time: tells apart processes that were given the same pid. */
  readonly started: string
  readonly command: readonly string[]
}

const FRONTS = /(^|\/)(npm|npx|pnpm|pnpx|yarn|make|gmake)(-cli)?(\.c?js)?$/
const SHELLS = /(^|\/)(sh|dash|bash|ash|zsh)$/
/** Interval between checks, in ms. */
const INTERVAL = 500

let found: Process | null | undefined

/**
 * The front that this process was started through: its parent, or that of the `sh -c` between; null if it was started
 * by anything else (an interactive shell may end while its background jobs stay), or where the system does
 * not report it. Linux only.
 */
export function findFront(): Process | null {
  if (found !== undefined) return found
  let parent = readProcess(process.ppid)
  if (parent && SHELLS.test(parent.command[0] ?? '') && parent.command[1] === '-c') parent = readProcess(parent.parent)
  return (found = parent && isFront(parent) ? parent : null)
}

/** npm replaces its arguments by its title, as in `npm exec neomesh train`. */
function isFront({ command: [program = '', script = ''] }: Process): boolean {
  return FRONTS.test(program.split(' ')[0]) || (/(^|\/)node$/.test(program) && FRONTS.test(script))
}

/**
 * Ends this process as SIGTERM does (training saves and stops) when its front is gone: a killed front cannot forward
 * signals, and whoever started it knows no other process to end.
 */
export function endWithFront(): void {
  const front = findFront()
  if (front === null || startedByNohup()) return
  const timer = setInterval(() => {
    if (readProcess(front.pid)?.started === front.started) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, INTERVAL)
  timer.unref()
}

/**
 * Whether nohup started this process, or its front, so that the end of the terminal is to be ignored. Node sets all signals
 * to their defaults, so what nohup has set cannot be seen; the variable _, in which bash and zsh name what they start, can.
 */
export function startedByNohup(): boolean {
  const name = /(^|\/)nohup$/
  if (!name.test(process.env._ ?? '')) return false
  const shell = readProcess(findFront()?.pid ?? process.pid)?.parent
  try {
    // If the variable is in the environment of the shell, nohup started an earlier process.
    const environment = readFileSync(`/proc/${shell}/environ`, 'utf8').split('\0')
    return !environment.some((variable) => variable.startsWith('_=') && name.test(variable))
  } catch {
    return true
  }
}

function readProcess(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may contain any characters.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return null
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return { pid, parent: Number(fields[1]), started: fields[19], command }
  } catch {
    return null
  }
}
