import { CloudError, kindOf } from '../error.js'
import type { OnTpuEvent } from '../events.js'
import { isOurs } from '../names.js'
import { createPatience } from '../patience.js'
import { partsOf, type Node, type TpuService } from '../service/types.js'
import { isHealthy, recoverySeconds, waitUntilReady } from '../wait.js'
import { localKey } from './keys.js'
import { isUnreachable, ssh, sshError, type SshResult, type Worker } from './ssh.js'

/** Seconds for which a ready TPU may not answer: its VMs boot, and keys take a minute or two to arrive. */
export const REACH_SECONDS = 300

/** Adds this user's key to a TPU of ours that lacks it. Of another's TPU the metadata are left alone. */
export async function ensureKey(service: TpuService, node: Node): Promise<void> {
  if (!isOurs(node.labels)) return
  const key = await localKey({ make: true })
  const keys = node.metadata?.['ssh-keys'] ?? ''
  if (keys.split('\n').includes(key)) return
  const { zone, id } = partsOf(node.name)
  await service.updateMetadata(zone, id, { ...node.metadata, 'ssh-keys': [keys, key].filter(Boolean).join('\n') })
}

export interface ReachOptions {
  readonly isLocal: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnTpuEvent
  /** Looks whether the TPU is still there; throws if not. */
  readonly check?: () => Promise<void>
}

/** Runs a command on a worker as soon as ssh reaches it. Throws CloudError `ssh` if it does not. */
export async function sshWhenReachable(worker: Worker, command: string, options: ReachOptions): Promise<SshResult> {
  const { isLocal, signal, onEvent, check } = options
  const patience = createPatience(isLocal ? 4 : REACH_SECONDS, isLocal ? 60 : 5000, signal)
  for (let first = true; ; first = false) {
    const result = await ssh(worker, command, { timeoutMs: 60_000, signal })
    if (!isUnreachable(result)) return result
    await check?.()
    if (patience.exhausted) throw sshError(worker, result)
    if (first) onEvent?.({ kind: 'setup', worker: worker.index, of: worker.of, what: 'waiting for ssh' })
    await patience.wait()
  }
}

/**
 * Throws CloudError for a TPU that is no longer to be used: `preempted`, `vanished`, or `unhealthy`, which it may be for a few
 * looks before that is believed.
 */
export async function checkThere(service: TpuService, node: Node): Promise<void> {
  const { zone, id } = partsOf(node.name)
  const request = /queuedResources\/([^/]+)$/.exec(node.queuedResource)?.[1]
  const now = await service.getNode(zone, id)
  if (now === null) throw new CloudError('vanished', `"${id}" in ${zone} does not exist any more. Create it again`)
  const target = { kind: request === undefined ? 'node' : 'queued', zone, name: request ?? id, requestId: '' } as const
  if (now.state === 'READY' && isHealthy(now) && request === undefined) return
  try {
    await waitUntilReady(service, target, { seconds: recoverySeconds(service) })
  } catch (error) {
    if (kindOf(error) !== 'waited') throw error
    throw new CloudError(
      'unhealthy',
      `"${id}" in ${zone} must be READY (it is ${now.state}, and stays so). Delete it and create another one`,
      { cause: error },
    )
  }
}
