/** Deleting, and proving that nothing is left. */
import { randomUUID } from 'node:crypto'
import { CloudError, kindOf } from './error.js'
import type { OnTpuEvent } from './events.js'
import { isOurs, RUN_LABEL, type Labels } from './names.js'
import { createPatience, pollMs } from './patience.js'
import type { Target } from './request.js'
import { both } from './service/retry.js'
import { partsOf, type Node, type QueuedResource, type TpuService } from './service/types.js'

/** Seconds within which a deletion must be done. */
const DELETE_LIMIT = 20 * 60

/**
 * Deletes a resource with its node, and waits until the service does not know it any more. Does nothing where nothing is.
 * @throws CloudError `not-ours` for what neomesh did not create, `left-over` if it does not go away
 */
export async function removeTarget(
  service: TpuService,
  { kind, zone, name }: Pick<Target, 'kind' | 'zone' | 'name'>,
  onEvent?: OnTpuEvent,
): Promise<void> {
  const patience = createPatience(DELETE_LIMIT, pollMs(service))
  let asked = 0
  for (;;) {
    const queued = kind === 'queued' ? await service.getQueuedResource(zone, name) : null
    const node = await service.getNode(zone, name)
    // A node of the same name that is another's is not the request's.
    const own = node !== null && (kind === 'node' || isOurs(node.labels)) ? node : null
    if (queued === null && own === null) return
    const labels = queued ? labelsOf(queued) : own!.labels
    if (!isOurs(labels)) throw notOurs(name, zone)
    const deleting = queued?.state === 'DELETING' || (queued === null && own?.state === 'DELETING')
    if (asked === 0) onEvent?.({ kind: 'delete', name, zone })
    // Once more now and then: the service may have refused while the resource was changing its state.
    if (!deleting || asked % 20 === 19)
      await ignoring(['busy', 'not-found', 'preempted'], () =>
        queued ? service.deleteQueuedResource(zone, name, randomUUID()) : service.deleteNode(zone, name),
      )
    asked++
    if (patience.exhausted)
      throw new CloudError(
        'left-over',
        `"${name}" in ${zone} must be deleted, and is not yet (it is ${queued?.state ?? own?.state}). It may cost money: run neomesh tpu delete ${name} --zone ${zone} again, or delete it in the console`,
      )
    await patience.wait()
  }
}

async function ignoring(kinds: readonly string[], work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!kinds.includes(kindOf(error))) throw error
  }
}

export function notOurs(name: string, zone: string): CloudError {
  return new CloudError(
    'not-ours',
    `"${name}" in ${zone} was not created by neomesh: it has no label neomesh=tpu. It is left alone; use gcloud compute tpus tpu-vm`,
  )
}

/** Labels of a request: those of its nodes, for it has none itself. */
export function labelsOf(queued: QueuedResource): Labels {
  return queued.nodes.every(({ labels }) => isOurs(labels)) ? (queued.nodes[0]?.labels ?? {}) : {}
}

/** Everything of neomesh in all zones; of one run, if it is named. */
export async function findOurs(
  service: TpuService,
  run?: string,
): Promise<{ readonly nodes: Node[]; readonly queued: QueuedResource[] }> {
  const wanted = (labels: Labels | undefined) => isOurs(labels) && (run === undefined || labels![RUN_LABEL] === run)
  const [nodes, queued] = await both(service.listNodes('-'), service.listQueuedResources('-'))
  return {
    nodes: nodes.filter(({ labels }) => wanted(labels)),
    queued: queued.filter((each) => wanted(labelsOf(each))),
  }
}

/** The resources to delete: requests with their nodes, and nodes of no request. */
export function targetsOf({ nodes, queued }: { nodes: readonly Node[]; queued: readonly QueuedResource[] }): Target[] {
  const requests = queued.map(({ name }) => partsOf(name))
  const ofRequests = new Set(
    queued.flatMap((each) => each.nodes.map(({ nodeId }) => `${partsOf(each.name).zone} ${nodeId}`)),
  )
  const single = nodes.map(({ name }) => partsOf(name)).filter(({ zone, id }) => !ofRequests.has(`${zone} ${id}`))
  return [
    ...requests.map(({ zone, id }) => ({ kind: 'queued' as const, zone, name: id, requestId: '' })),
    ...single.map(({ zone, id }) => ({ kind: 'node' as const, zone, name: id, requestId: '' })),
  ]
}

/** Deletes everything of a run, in all zones, and returns only when a list shows that nothing is left. */
export async function removeRun(service: TpuService, run: string, onEvent?: OnTpuEvent): Promise<Target[]> {
  const removed: Target[] = []
  for (let round = 0; ; round++) {
    const targets = targetsOf(await findOurs(service, run))
    if (targets.length === 0) return removed
    if (round === 3)
      throw new CloudError(
        'left-over',
        `nothing of ${run} must be left, and ${targets.map(({ name, zone }) => `"${name}" in ${zone}`).join(', ')} is. It may cost money: run neomesh tpu delete again, or delete it in the console`,
      )
    for (const target of targets) await removeTarget(service, target, onEvent)
    removed.push(...targets)
  }
}
