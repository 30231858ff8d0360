/** Waiting until a TPU can be used, with the reason in words, and finding early that it never will. */
import { classify } from './classify.js'
import { CloudError } from './error.js'
import type { OnTpuEvent } from './events.js'
import { createPatience, pollMs } from './patience.js'
import type { Target } from './request.js'
import type { Node, QueuedResource, TpuService } from './service/types.js'

export interface WaitOptions {
  /** Operation of the creation, if this process sent it. */
  readonly operation?: string
  /** Seconds to wait. */
  readonly seconds: number
  readonly onEvent?: OnTpuEvent
  readonly signal?: AbortSignal
}

/** Looks in which a node is unhealthy before that is believed: while its runtime starts it is for a moment. */
const UNHEALTHY_LOOKS = 3

/** Seconds after which a node that does not get healthy again is known to be lost. */
export function recoverySeconds(service: TpuService): number {
  return (UNHEALTHY_LOOKS * pollMs(service)) / 1000
}

/**
 * Waits until a node is ready and healthy. Throws CloudError: `stockout`, `failed-creation`, `preempted`, `vanished`, `unhealthy`,
 * `waited`, or the kind of the creation's error.
 */
export async function waitUntilReady(service: TpuService, target: Target, options: WaitOptions): Promise<Node> {
  const { zone, name } = target
  const patience = createPatience(options.seconds, pollMs(service), options.signal)
  let reported = ''
  let unhealthy = 0
  let seen = false
  for (;;) {
    const found = await look(service, target)
    seen ||= found.queued !== null || found.node !== null
    await failEarly(service, target, found, seen, options.operation)
    const { node } = found
    if (node?.state === 'READY' && isHealthy(node)) return node
    if (node?.state === 'READY' && ++unhealthy >= UNHEALTHY_LOOKS) throw unhealthyError(node, zone)
    const reason = reasonOf(found, zone)
    if (reason !== reported) options.onEvent?.({ kind: 'wait', name, zone, reason })
    reported = reason
    if (patience.exhausted)
      throw new CloudError(
        'waited',
        `"${name}" must be ready within ${Math.round(options.seconds / 60)} min (still: ${reason}). Name more zones with --zones, or wait longer with --wait`,
      )
    await patience.wait()
  }
}

interface Found {
  readonly queued: QueuedResource | null
  readonly node: Node | null
}

async function look(service: TpuService, { kind, zone, name }: Target): Promise<Found> {
  const queued = kind === 'queued' ? await service.getQueuedResource(zone, name) : null
  // The node appears after its request was granted.
  const mayExist = kind === 'node' || (queued !== null && !['ACCEPTED', 'WAITING_FOR_RESOURCES'].includes(queued.state))
  return { queued, node: mayExist ? await service.getNode(zone, name) : null }
}

async function failEarly(
  service: TpuService,
  { kind, zone, name }: Target,
  { queued, node }: Found,
  seen: boolean,
  operation: string | undefined,
): Promise<void> {
  const context = { action: `create the TPU "${name}" in ${zone}`, project: service.project, zone }
  if (queued?.state === 'FAILED') throw ofCreation(classify(queued.error ?? { message: 'the request failed' }, context))
  if (queued?.state === 'SUSPENDING' || queued?.state === 'SUSPENDED')
    throw new CloudError(
      'preempted',
      `"${name}" in ${zone} was taken back by the service (its request is ${queued.state}). It has to be deleted and requested again`,
    )
  if (node?.state === 'PREEMPTED' || node?.state === 'TERMINATED')
    throw new CloudError(
      'preempted',
      `"${name}" in ${zone} was preempted (it is ${node.state}). It has to be deleted and created again`,
    )
  if (queued?.state === 'DELETING' || node?.state === 'DELETING')
    throw new CloudError(
      'vanished',
      `"${name}" in ${zone} is being deleted, by someone else or at its time limit. Create it again`,
    )
  if (node?.state === 'STOPPED' || node?.state === 'STOPPING')
    throw new CloudError(
      'vanished',
      `"${name}" in ${zone} was stopped. Start it (gcloud compute tpus tpu-vm start), or delete it`,
    )
  if (operation !== undefined && kind === 'node') {
    const status = await service.getOperation(operation)
    if (status?.error) throw ofCreation(classify(status.error, context))
  }
  const missing = kind === 'queued' ? queued === null : node === null
  if (missing && seen) throw new CloudError('vanished', `"${name}" in ${zone} does not exist any more. Create it again`)
}

/** Internal failures of a creation are passing: another one may succeed. */
function ofCreation(error: CloudError): CloudError {
  if (!['unknown', 'unavailable', 'busy'].includes(error.kind)) return error
  return new CloudError(
    'failed-creation',
    error.message.replace(/: [^(]*/, ': the creation failed. It is deleted and tried again '),
    {
      cause: error,
    },
  )
}

export function isHealthy({ health }: Node): boolean {
  return !/^(TIMEOUT|UNHEALTHY_.*)$/.test(health)
}

/** The error for an unhealthy node, with its symptoms. */
export function unhealthyError(node: Node, zone: string): CloudError {
  const symptoms = node.symptoms.map(
    ({ symptomType, details, workerId }) =>
      `${symptomType} on worker ${workerId || '?'}${details === '' ? '' : ` (${details})`}`,
  )
  const all = [node.healthDescription.replace(/\.$/, ''), ...symptoms].filter((text) => text !== '').join('; ')
  return new CloudError(
    'unhealthy',
    `${node.name.split('/').at(-1)} in ${zone} is unhealthy: ${node.health}${all === '' ? '' : `: ${all}`}. Delete it and create another one`,
  )
}

function reasonOf({ queued, node }: Found, zone: string): string {
  if (node?.state === 'READY') return `its VMs run, but it is ${node.health}; waiting for its runtime`
  if (node !== null) return node.state === 'CREATING' ? 'its VMs are being created' : `its VMs are ${node.state}`
  switch (queued?.state) {
    case 'ACCEPTED':
    case 'WAITING_FOR_RESOURCES':
      return `waiting for free capacity in ${zone}`
    case 'PROVISIONING':
    case 'ACTIVE':
      return 'capacity was found; its VMs are being created'
    default:
      return 'the service is checking the request'
  }
}
