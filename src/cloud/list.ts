/** What there is, what it costs, and what of it only holds quota. */
import { acceleratorOf, FACTS, type Facts } from './accelerators.js'
import { withService } from './create.js'
import { isOurs, RUN_LABEL } from './names.js'
import { labelsOf } from './remove.js'
import type { ServiceOptions } from './service/google.js'
import { both } from './service/retry.js'
import { partsOf, type Node, type QueuedResource, type TpuService } from './service/types.js'
import { isHealthy } from './wait.js'

export interface ListedTpu {
  readonly name: string
  readonly zone: string
  readonly type: string
  /** State of the node, or of its request where there is no node. */
  readonly state: string
  readonly tier: 'spot' | 'on-demand' | 'reserved' | ''
  readonly isOurs: boolean
  /** Run or TPU that it belongs to; empty if it is not neomesh's. */
  readonly run: string
  /** Seconds since it was created; null if not known. */
  readonly age: number | null
  /** Upper bound of the cost so far in US dollars, by the list price on demand; null where no VM runs or the type is not known. */
  readonly cost: number | null
  /** What to do about it; empty if nothing. */
  readonly remark: string
}

export interface ListTpusOptions extends ServiceOptions {
  /** @default all zones */
  readonly zone?: string
  /** Only those that neomesh created. @default false */
  readonly mine?: boolean
  readonly facts?: Facts
  readonly service?: TpuService
}

/** TPUs and requests of a project. Throws CloudError. */
export async function listTpus(options: ListTpusOptions = {}): Promise<ListedTpu[]> {
  const { zone = '-', mine = false, facts = FACTS } = options
  return withService(options, async (service) => {
    const [nodes, queued] = await both(service.listNodes(zone), service.listQueuedResources(zone))
    const ofRequest = new Set(
      queued.flatMap((each) => each.nodes.map(({ nodeId }) => `${partsOf(each.name).zone} ${nodeId}`)),
    )
    const named = new Map(nodes.map((node) => [keyOf(node.name), node]))
    const rows = [
      ...queued.map((each) => ofRequestOf(each, named, facts)),
      ...nodes.filter(({ name }) => !ofRequest.has(keyOf(name))).map((node) => rowOf(node, null, facts)),
    ]
    return rows.filter((row) => !mine || row.isOurs)
  })
}

function keyOf(name: string): string {
  const { zone, id } = partsOf(name)
  return `${zone} ${id}`
}

function ofRequestOf(queued: QueuedResource, nodes: ReadonlyMap<string, Node>, facts: Facts): ListedTpu {
  const { zone } = partsOf(queued.name)
  const node = queued.nodes.map(({ nodeId }) => nodes.get(`${zone} ${nodeId}`)).find((found) => found !== undefined)
  return rowOf(node ?? null, queued, facts)
}

function rowOf(node: Node | null, queued: QueuedResource | null, facts: Facts): ListedTpu {
  const { zone, id: name } = partsOf((queued ?? node)!.name)
  const labels = queued ? labelsOf(queued) : (node?.labels ?? {})
  const type = node?.acceleratorType || queued?.nodes[0]?.acceleratorType || ''
  const created = node?.createTime ?? queued?.createTime ?? null
  const age = created === null ? null : Math.max(0, Date.now() / 1000 - created)
  const { spot = false, reserved = false } = node?.schedulingConfig ?? {}
  return {
    name,
    zone,
    type,
    state: node?.state ?? queued?.state ?? '',
    tier: node === null ? '' : spot ? 'spot' : reserved ? 'reserved' : 'on-demand',
    isOurs: isOurs(labels),
    run: isOurs(labels) ? (labels[RUN_LABEL] ?? '') : '',
    age,
    cost: node === null || age === null ? null : costOf(type, age, facts),
    remark: remarkOf(node, queued),
  }
}

/** US dollars by the list price; null for a type that is not known. */
export function costOf(type: string, seconds: number, facts: Facts = FACTS): number | null {
  try {
    return (acceleratorOf(type, facts).pricePerHour * seconds) / 3600
  } catch {
    return null
  }
}

function remarkOf(node: Node | null, queued: QueuedResource | null): string {
  if (queued?.state === 'FAILED' || queued?.state === 'SUSPENDED')
    return `holds quota without a TPU${queued.error ? ` (${queued.error.message})` : ''}: delete it`
  if (node?.state === 'PREEMPTED' || node?.state === 'TERMINATED') return 'was preempted and holds its name: delete it'
  if (node?.state === 'STOPPED') return 'is stopped; its disk still costs'
  if (node?.state === 'READY' && !isHealthy(node))
    return `unhealthy: ${[node.health, node.healthDescription, ...node.symptoms.map(({ symptomType, workerId }) => `${symptomType} on worker ${workerId}`)].filter(Boolean).join(', ')}`
  if (queued?.state === 'WAITING_FOR_RESOURCES' || queued?.state === 'ACCEPTED')
    return 'waits for capacity; costs nothing yet'
  return ''
}
