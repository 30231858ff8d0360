/** Commands and files on workers, through the system's ssh and scp. */
import { spawn } from 'node:child_process'
import { CloudError } from '../error.js'
import type { Node } from '../service/types.js'
import { partsOf } from '../service/types.js'
import { keyFile, remoteUser } from './keys.js'

/** A virtual machine of a TPU. */
export interface Worker {
  readonly index: number
  /** Number of workers of the TPU. */
  readonly of: number
  readonly address: string
  /** Under which its host key is known: addresses are used again by other machines. */
  readonly alias: string
}

/** The workers of a node, in their order. */
export function workersOf(node: Node, internalIp = false): Worker[] {
  const { zone, id } = partsOf(node.name)
  return node.networkEndpoints.map(({ ipAddress, accessConfig }, index, all) => ({
    index,
    of: all.length,
    address: internalIp ? ipAddress : accessConfig?.externalIp || ipAddress,
    alias: `neomesh.${zone}.${id}.${index}`,
  }))
}

/** Options of ssh and scp. */
export function sshOptions({ alias }: Worker): string[] {
  const options = {
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    StrictHostKeyChecking: 'accept-new',
    UserKnownHostsFile: `${keyFile().replace(/google_compute_engine$/, '')}google_compute_known_hosts`,
    HostKeyAlias: alias,
    ConnectTimeout: '15',
    ServerAliveInterval: '15',
    ServerAliveCountMax: '4',
    LogLevel: 'ERROR',
  }
  return ['-i', keyFile(), ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])]
}

export interface SshOptions {
  /** Text for the command's standard input. */
  readonly input?: string
  /** Hears output as it comes. */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void
  /** Milliseconds after which it is ended. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface SshResult {
  /** Of the command; 255 if the worker cannot be reached; null if it was ended. */
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a shell command on a worker. Throws CloudError only if there is no ssh here. */
export async function ssh(worker: Worker, command: string, options: SshOptions = {}): Promise<SshResult> {
  return runProgram('ssh', [...sshOptions(worker), `${remoteUser()}@${worker.address}`, command], options)
}

/** Copies files and folders of this machine into a folder of a worker. */
export async function scp(
  worker: Worker,
  paths: readonly string[],
  to: string,
  options: SshOptions = {},
): Promise<SshResult> {
  return runProgram(
    'scp',
    ['-q', '-r', ...sshOptions(worker), ...paths, `${remoteUser()}@${worker.address}:${to}`],
    options,
  )
}

function runProgram(program: string, args: readonly string[], options: SshOptions): Promise<SshResult> {
  const { input, onOutput, timeoutMs, signal } = options
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      signal,
    })
    const end = () => child.kill('SIGKILL')
    process.once('exit', end)
    const stdout: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', (piece: Buffer) => {
      stdout.push(piece)
      onOutput?.(piece.toString(), 'stdout')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-10_000)
      onOutput?.(text, 'stderr')
    })
    child.stdin.on('error', () => {}) // it may have ended before it read everything
    child.stdin.end(input)
    child.once('error', (error: NodeJS.ErrnoException) => {
      process.off('exit', end)
      if (error.code === 'ENOENT')
        reject(
          new CloudError(
            'package',
            `${program} must be installed to reach workers (it is not on PATH). Install OpenSSH's client`,
          ),
        )
      else reject(error)
    })
    child.once('close', (status) => {
      process.off('exit', end)
      resolve({ status, stdout: Buffer.concat(stdout), stderr })
    })
  })
}

/** Whether ssh could not reach the worker, rather than its command failed. */
export function isUnreachable({ status }: SshResult): boolean {
  return status === 255 || status === null
}

/** The error for a worker that ssh cannot reach, by what ssh printed. */
export function sshError({ index, address }: Worker, { stderr, status }: SshResult): CloudError {
  const last = stderr.trim().split('\n').at(-1) ?? ''
  const remedy =
    REMEDIES.find(([pattern]) => pattern.test(stderr))?.[1] ??
    'Try again in a minute; neomesh tpu describe NAME shows its state'
  const what = status === null ? 'no answer in time' : last.replace(/[.\s]+$/, '') || `status ${status}`
  // What another machine would answer as well is not a loss.
  const kind = /Permission denied|Host key verification/.test(stderr) ? 'setup' : 'ssh'
  return new CloudError(kind, `worker ${index} (${address}) cannot be reached with ssh: ${what}. ${remedy}`)
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /Permission denied/,
    'Its key may not be there yet; if this lasts, the project may use OS Login: add the key with gcloud compute os-login ssh-keys add, and the role Compute OS Login',
  ],
  [
    /timed out|Connection refused|No route to host|unreachable/,
    'Allow ssh through the firewall: gcloud compute firewall-rules create allow-ssh --allow tcp:22; without external addresses run from the same network with --internal-ip',
  ],
  [/Could not resolve/, 'Check the network of this machine'],
  [/Host key verification failed|REMOTE HOST IDENTIFICATION/, 'Remove its line from ~/.ssh/google_compute_known_hosts'],
  [/Broken pipe|closed by|Connection reset/, 'The connection broke; try again'],
]
