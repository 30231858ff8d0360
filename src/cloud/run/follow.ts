/** Following training on workers: log, exit status, and whether the TPU is still there. */
import { CloudError } from '../error.js'
import type { OnTpuEvent } from '../events.js'
import { createPatience } from '../patience.js'
import { REACH_SECONDS } from '../workers/reach.js'
import { pollScript, STOP } from '../workers/scripts.js'
import { isUnreachable, ssh, sshError, type Worker } from '../workers/ssh.js'

export interface FollowOptions {
  readonly start: string
  readonly isLocal: boolean
  readonly onEvent?: OnTpuEvent
  readonly signal?: AbortSignal
  /** Called when a checkpoint was saved. */
  readonly onSaved?: () => void
  /** Throws if the TPU is lost, or a limit is reached. */
  readonly check: () => Promise<void>
}

/** How training on all workers ended. */
export interface Ended {
  /** `lost`: a process is gone without an exit status, as after a kill or a reboot. */
  readonly kind: 'done' | 'failed' | 'lost'
  /** Of the first worker that did not succeed. */
  readonly worker: number
  readonly status: number | null
  /** Its last lines. */
  readonly tail: string
  /** Whether a checkpoint was saved. */
  readonly progressed: boolean
}

const LINES_KEPT = 20
/** Looks at the workers between two at the service. */
const LOOKS = 6

/**
 * Follows until training has ended on all workers, or on one of them otherwise than well.
 * @throws CloudError `vanished` if a worker is not reached for minutes, and what `check` throws
 */
export async function follow(workers: readonly Worker[], options: FollowOptions): Promise<Ended> {
  const { isLocal, signal, check } = options
  const logs = workers.map((worker) => createLog(worker, options))
  const intervalMs = isLocal ? 100 : 5000
  const interval = createPatience(Infinity, intervalMs, signal)
  let unreachable = createPatience(0, intervalMs, signal)
  let awayFor = 0
  for (let look = 0; ; look++) {
    const polled = await Promise.all(logs.map((log) => log.poll()))
    const away = polled.find((each) => each.kind === 'unreachable')
    if (away || isLocal || look % LOOKS === 0) await check()
    if (away) {
      awayFor = awayFor === 0 ? 1 : awayFor
      if (awayFor === 1) unreachable = createPatience(isLocal ? 3 : REACH_SECONDS, intervalMs, signal)
      awayFor++
      if (unreachable.exhausted) throw new CloudError('vanished', away.error!.message)
      await unreachable.wait()
      continue
    }
    awayFor = 0
    const bad = polled.findIndex(({ kind }) => kind === 'failed' || kind === 'lost')
    const progressed = logs.some((log) => log.progressed())
    if (bad >= 0) {
      const { kind, status } = polled[bad]
      return { kind: kind as 'failed' | 'lost', worker: bad, status, tail: logs[bad].tail(), progressed }
    }
    if (polled.every(({ kind }) => kind === 'done')) return { kind: 'done', worker: 0, status: 0, tail: '', progressed }
    await interval.wait()
  }
}

/** Asks training on all workers to save and stop, and waits for it, but not longer than a minute. */
export async function stopTraining(workers: readonly Worker[], start: string, isLocal: boolean): Promise<void> {
  const timeoutMs = 20_000
  await Promise.all(workers.map((worker) => ssh(worker, STOP, { timeoutMs })))
  const patience = createPatience(isLocal ? 10 : 60, isLocal ? 100 : 2000)
  while (!patience.exhausted) {
    const results = await Promise.all(workers.map((worker) => ssh(worker, pollScript(0), { timeoutMs })))
    if (results.every((each) => isUnreachable(each) || !each.stdout.toString().startsWith(`${start} running yes`)))
      return
    await patience.wait()
  }
}

interface Polled {
  readonly kind: 'unreachable' | 'running' | 'done' | 'failed' | 'lost'
  readonly status: number | null
  readonly error?: CloudError
}

function createLog(worker: Worker, { start, onEvent, onSaved, signal }: FollowOptions) {
  let offset = 0
  let rest = ''
  let saved = false
  const lines: string[] = []

  function add(bytes: Buffer): void {
    offset += bytes.length
    const pieces = (rest + bytes.toString('utf8')).split('\n')
    rest = pieces.pop()!
    const shown = pieces.filter((line) => line !== '')
    for (const line of shown) note(line)
    if (shown.length > 0) onEvent?.({ kind: 'log', worker: worker.index, of: worker.of, text: shown.join('\n') })
  }

  function note(line: string): void {
    lines.push(line)
    if (lines.length > LINES_KEPT) lines.shift()
    if (/^saved /.test(line)) {
      saved = true
      onSaved?.()
    }
    const [, step, loss] = /^training: ([\d,]+) of .*\bloss (-?[\d.]+)/.exec(line) ?? []
    if (step !== undefined && worker.index === 0)
      onEvent?.({ kind: 'step', step: Number(step.replaceAll(',', '')), loss: Number(loss) })
  }

  return {
    tail: () => lines.at(-1) ?? '',
    progressed: () => saved,
    async poll(): Promise<Polled> {
      const result = await ssh(worker, pollScript(offset), { timeoutMs: 60_000, signal })
      if (isUnreachable(result)) return { kind: 'unreachable', status: null, error: sshError(worker, result) }
      const end = result.stdout.indexOf('\n')
      const [id, status, alive] = result.stdout.subarray(0, end).toString().split(' ')
      // A worker that booted anew, or was replaced, knows no start, or an earlier one.
      if (id !== start) return { kind: 'lost', status: null }
      const bytes = result.stdout.subarray(end + 1)
      add(bytes)
      if (bytes.length >= 200_000) return { kind: 'running', status: null } // more of the log is to come
      if (status === 'running') return { kind: alive === 'yes' ? 'running' : 'lost', status: null }
      return { kind: status === '0' ? 'done' : 'failed', status: Number(status) }
    },
  }
}

/** Whether this start of training runs, or has ended, on all workers. */
export async function isStarted(workers: readonly Worker[], start: string, signal?: AbortSignal): Promise<boolean> {
  const results = await Promise.all(workers.map((worker) => ssh(worker, pollScript(0), { timeoutMs: 60_000, signal })))
  return results.every((result) => !isUnreachable(result) && result.stdout.toString().startsWith(`${start} `))
}
