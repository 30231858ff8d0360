import { withService } from '../create.js'
import { describeTpu } from '../describe.js'
import { CloudError } from '../error.js'
import type { ServiceOptions } from '../service/google.js'
import { partsOf, type Node, type TpuService } from '../service/types.js'
import { unhealthyError, isHealthy } from '../wait.js'
import { checkThere, ensureKey, sshWhenReachable } from './reach.js'
import { isUnreachable, ssh, sshError, sshOptions, workersOf, type Worker } from './ssh.js'
import { remoteUser } from './keys.js'

export interface RunOnTpuOptions extends ServiceOptions {
  readonly name: string
  /** @default all zones are searched */
  readonly zone?: string
  /** A shell command. */
  readonly command: string
  /** Indices from 0. @default all */
  readonly workers?: readonly number[]
  /** @default false */
  readonly internalIp?: boolean
  /** Hears whole lines of output. */
  readonly onLine?: (line: string, worker: Worker, stream: 'stdout' | 'stderr') => void
  readonly service?: TpuService
}

export interface WorkerResult {
  readonly worker: number
  readonly status: number
  readonly stdout: string
}

/**
 * Runs a command on workers of a TPU at the same time; the first that fails ends the others. Results in the workers' order.
 * @throws CloudError `ssh` if a worker cannot be reached, `training` with its last line if the command fails
 */
export async function runOnTpu(options: RunOnTpuOptions): Promise<WorkerResult[]> {
  const { command, onLine } = options
  return withService(options, async (service) => {
    const { workers, check } = await reachTpu(service, options)
    const stop = new AbortController()
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
    let failure: unknown
    const each = await Promise.all(
      workers.map(async (worker): Promise<WorkerResult | null> => {
        const lines = lineReader((line, stream) => onLine?.(line, worker, stream))
        try {
          await sshWhenReachable(worker, 'true', { isLocal: service.isLocal, signal, check })
          const result = await ssh(worker, command, { signal, onOutput: lines.add })
          lines.end()
          if (isUnreachable(result)) throw sshError(worker, result)
          if (result.status !== 0)
            throw new CloudError(
              'training',
              `the command failed on worker ${worker.index} with status ${result.status}${lastLine(result.stderr)}. Correct it, or look at the worker: neomesh tpu ssh ${options.name} --worker ${worker.index}`,
            )
          return { worker: worker.index, status: 0, stdout: result.stdout.toString() }
        } catch (error) {
          failure ??= error
          stop.abort()
          return null
        }
      }),
    )
    options.signal?.throwIfAborted()
    if (failure !== undefined) throw failure
    return each.filter((result) => result !== null)
  })
}

/** The command line of ssh to a worker of a TPU. */
export async function sshCommand(options: Omit<RunOnTpuOptions, 'command'>): Promise<string[]> {
  return withService(options, async (service) => {
    const {
      workers: [worker],
    } = await reachTpu(service, { ...options, workers: options.workers ?? [0] })
    // A person may be asked.
    const args = sshOptions(worker).filter((_, i, all) => all[i] !== 'BatchMode=yes' && all[i + 1] !== 'BatchMode=yes')
    return ['ssh', ...args, `${remoteUser()}@${worker.address}`]
  })
}

async function reachTpu(service: TpuService, options: Omit<RunOnTpuOptions, 'command'>) {
  const { name, zone, workers: wanted, internalIp } = options
  const { node } = await describeTpu({ name, zone, service })
  if (node === null || node.state !== 'READY') throw notReady(name, node)
  await ensureKey(service, node)
  const all = workersOf(node, internalIp)
  const wrong = wanted?.find((index) => all[index] === undefined)
  if (wrong !== undefined)
    throw new CloudError(
      'usage',
      `worker must be 0 to ${all.length - 1} of "${name}" (got ${wrong}). Choose one, or all`,
    )
  const check = () => checkThere(service, node)
  return { workers: wanted ? wanted.map((index) => all[index]) : all, check }
}

function notReady(name: string, node: Node | null): CloudError {
  if (node && !isHealthy(node)) return unhealthyError(node, partsOf(node.name).zone)
  const state = node === null ? 'only requested' : node.state
  return new CloudError(
    'busy',
    `"${name}" must be READY to be used (it is ${state}). Wait for it: neomesh tpu describe ${name}`,
  )
}

export function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? ''
  return line === '' ? '' : `: ${line.slice(0, 500).replace(/[.\s]+$/, '')}`
}

/** Splits output into lines. */
export function lineReader(onLine: (line: string, stream: 'stdout' | 'stderr') => void) {
  const rest = { stdout: '', stderr: '' }
  return {
    add(text: string, stream: 'stdout' | 'stderr'): void {
      const lines = (rest[stream] + text).split('\n')
      rest[stream] = lines.pop()!
      for (const line of lines) onLine(line, stream)
    },
    end(): void {
      for (const stream of ['stdout', 'stderr'] as const) if (rest[stream] !== '') onLine(rest[stream], stream)
    },
  }
}
