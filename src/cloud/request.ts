/** What a TPU is asked for with: the options of a user, checked before any call, as requests to the service. */
import { acceleratorOf, checkZone, FACTS, type Facts } from './accelerators.js'
import { deadManScript, type TimeLimit } from './workers/dead-man.js'
import { CloudError } from './error.js'
import { checkLabel, checkName, ourLabels, type Labels } from './names.js'
import type { NodeSpec, QueuedSpec } from './service/types.js'

export type Tier = 'on-demand' | 'spot' | 'reserved'

/** Options of a TPU, as for `gcloud compute tpus`. */
export interface TpuOptions {
  /** Such as `v5litepod-8`. */
  readonly type: string
  /** Zones to try, in this order. */
  readonly zones: readonly string[]
  /** @default 'on-demand' */
  readonly tier?: Tier
  /** Name of a reservation, for the tier `reserved`. */
  readonly reservation?: string
  /** Through the queue of the service, or at once or not at all. @default 'queued' */
  readonly request?: 'queued' | 'node'
  /** Image of the VMs. @default that for the type */
  readonly runtime?: string
  readonly network?: string
  readonly subnetwork?: string
  /** No external addresses. @default false */
  readonly internalIp?: boolean
  /** E-mail address of the VMs' service account. @default the project's */
  readonly serviceAccount?: string
  readonly tags?: readonly string[]
  readonly labels?: Labels
  /** Persistent disks to attach. */
  readonly disks?: readonly string[]
  /** Hours after which it deletes itself, from now on. @default 24 */
  readonly maxHours?: number
  /** Tables of zones, runtime versions and prices. @default FACTS */
  readonly facts?: Facts
}

export const MAX_HOURS = 24

/** A resource of the service: that was or will be created. */
export interface Target {
  readonly kind: 'queued' | 'node'
  readonly zone: string
  readonly name: string
  /** UUID with which the service recognises a request that is sent again. */
  readonly requestId: string
}

/** Throws CloudError for options that the service would reject. */
export function checkTpuOptions(options: TpuOptions): void {
  const { type, zones, tier = 'on-demand', reservation, labels = {}, maxHours = MAX_HOURS, facts = FACTS } = options
  acceleratorOf(type, facts)
  if (zones.length === 0)
    throw new CloudError('usage', `a zone must be given. List those of the type with: neomesh tpu zones ${type}`)
  for (const zone of zones) checkZone(zone, type, facts)
  for (const [key, value] of Object.entries(labels)) checkLabel(key, value)
  if (reservation !== undefined && tier !== 'reserved')
    throw new CloudError('usage', `a reservation is for reserved TPUs only (got ${tier}). Pass --reserved`)
  if (reservation === undefined && tier === 'reserved' && options.request !== 'node')
    throw new CloudError(
      'usage',
      'a reserved TPU must name its reservation. Pass --reservation NAME, or --request node',
    )
  if (!(maxHours > 0 && maxHours <= 24 * 30))
    throw new CloudError(
      'usage',
      `the time limit must be more than 0 and at most 720 hours (got ${maxHours}). Set --max-hours`,
    )
}

/** The time limit of a TPU that may run for some hours from its creation; whatever happens it is gone a month later. */
export function limitOf(hours: number): TimeLimit {
  return { seconds: hours * 3600, deadline: Date.now() / 1000 + (hours + 24 * 30) * 3600 }
}

/** Seconds after which a queued request lapses, for one that is waited for: it outlives the wait, to be deleted by its name. */
export function validFor(waitSeconds: number): number {
  return waitSeconds + 600
}

export interface SpecContext {
  readonly project: string
  /** Name of the run, for the label. */
  readonly run: string
  readonly target: Target
  readonly limit: TimeLimit
  /** Seconds after which a queued request lapses. */
  readonly validFor?: number
  /** `USER:ssh-rsa ...`. */
  readonly sshKey?: string
}

/** The node of a request. */
export function nodeSpecOf(options: TpuOptions, { project, run, target, limit, sshKey }: SpecContext): NodeSpec {
  checkName(target.name)
  const { topology, facts } = acceleratorOf(options.type, options.facts)
  const { network, subnetwork, serviceAccount, tags, disks, tier, internalIp = false } = options
  const collection = target.kind === 'queued' ? 'queuedResources' : 'nodes'
  const resource = `projects/${project}/locations/${target.zone}/${collection}/${target.name}`
  return {
    acceleratorType: topology.name,
    runtimeVersion: options.runtime ?? facts.runtime,
    labels: ourLabels(run, options.labels),
    metadata: {
      'startup-script': deadManScript(resource, limit),
      ...(sshKey !== undefined && { 'ssh-keys': sshKey }),
    },
    networkConfig: { network, subnetwork, enableExternalIps: !internalIp },
    ...(serviceAccount !== undefined && {
      serviceAccount: { email: serviceAccount, scope: ['https://www.googleapis.com/auth/cloud-platform'] },
    }),
    // A queued resource has its tier beside the node.
    ...(target.kind === 'node' && { schedulingConfig: { spot: tier === 'spot', reserved: tier === 'reserved' } }),
    ...(tags && { tags }),
    ...(disks && { dataDisks: disks.map((sourceDisk) => ({ sourceDisk, mode: 'READ_WRITE' as const })) }),
  }
}

/** The queued resource of a request. */
export function queuedSpecOf(options: TpuOptions, context: SpecContext): QueuedSpec {
  const { tier = 'on-demand', reservation } = options
  return {
    nodeId: context.target.name,
    node: nodeSpecOf(options, context),
    tier: tier === 'reserved' ? 'guaranteed' : tier,
    reservationName: reservation,
    validFor: context.validFor,
  }
}
