import { basename } from '../../files/index.js'
import { CloudError } from '../error.js'
import { lastLine, lineReader } from './run.js'
import type { Package } from './package.js'
import { sshWhenReachable, type ReachOptions } from './reach.js'
import { PREPARE, setupScript } from './scripts.js'
import { isUnreachable, scp, ssh, sshError, type SshResult, type Worker } from './ssh.js'

export interface SetupOptions extends ReachOptions {
  readonly package: Package
  /** Files and folders to copy into ~/neomesh. */
  readonly copy: readonly string[]
}

/** Sets all workers up at the same time. Throws CloudError that names the worker that failed. */
export async function setupWorkers(workers: readonly Worker[], options: SetupOptions): Promise<void> {
  const ended = await Promise.allSettled(workers.map((worker) => setupWorker(worker, options)))
  const failed = ended.find((each) => each.status === 'rejected')
  if (failed) throw failed.reason
}

async function setupWorker(worker: Worker, options: SetupOptions): Promise<void> {
  const { signal, onEvent } = options
  const report = (what: string) => onEvent?.({ kind: 'setup', worker: worker.index, of: worker.of, what })
  const prepared = await sshWhenReachable(worker, PREPARE, options)
  mustSucceed(worker, prepared, 'making its folder')
  const { file, sha256 } = options.package
  if (prepared.stdout.toString().trim() !== sha256) {
    report('copying neomesh')
    await copy(worker, [file], 'neomesh/neomesh.tgz', options)
  }
  if (options.copy.length > 0) {
    report(`copying ${options.copy.map((path) => basename(path)).join(', ')}`)
    await copy(worker, options.copy, 'neomesh/', options)
  }
  const lines = lineReader((line, stream) => stream === 'stdout' && report(line))
  const result = await ssh(worker, 'sh -s', { input: setupScript(sha256), signal, onOutput: lines.add })
  lines.end()
  mustSucceed(worker, result, 'installing')
  report('set up')
}

async function copy(
  worker: Worker,
  paths: readonly string[],
  to: string,
  { signal }: { readonly signal?: AbortSignal },
) {
  mustSucceed(
    worker,
    await scp(worker, paths, to, { signal }),
    `copying ${paths.map((path) => basename(path)).join(', ')}`,
  )
}

function mustSucceed(worker: Worker, result: SshResult, doing: string): void {
  if (result.status === 0) return
  if (isUnreachable(result)) throw sshError(worker, result)
  throw new CloudError(
    'setup',
    `setting up worker ${worker.index} (${worker.address}) failed while ${doing}, with status ${result.status}${lastLine(result.stderr)}. Correct the cause and run the command again`,
  )
}
