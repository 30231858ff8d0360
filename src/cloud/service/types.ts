/** The Cloud TPU service as far as neomesh uses it. Field names and states are those of google.cloud.tpu.v2. */
import type { Labels } from '../names.js'

export type NodeState =
  | 'CREATING' | 'READY' | 'RESTARTING' | 'REIMAGING' | 'DELETING' | 'REPAIRING' | 'STOPPED' | 'STOPPING' | 'STARTING'
  | 'PREEMPTED' | 'TERMINATED' | 'HIDING' | 'HIDDEN' | 'UNHIDING' | 'UNKNOWN' | 'STATE_UNSPECIFIED' // prettier-ignore

export type QueuedState =
  | 'CREATING' | 'ACCEPTED' | 'PROVISIONING' | 'FAILED' | 'DELETING' | 'ACTIVE' | 'SUSPENDING' | 'SUSPENDED'
  | 'WAITING_FOR_RESOURCES' | 'STATE_UNSPECIFIED' // prettier-ignore

export interface Symptom {
  readonly symptomType: string
  readonly details: string
  readonly workerId: string
}

/** What a TPU is created with. */
export interface NodeSpec {
  readonly acceleratorType: string
  readonly runtimeVersion: string
  readonly labels: Labels
  readonly metadata: Readonly<Record<string, string>>
  readonly networkConfig: {
    readonly network?: string
    readonly subnetwork?: string
    readonly enableExternalIps: boolean
  }
  readonly serviceAccount?: { readonly email: string; readonly scope: readonly string[] }
  readonly schedulingConfig?: { readonly spot?: boolean; readonly reserved?: boolean }
  readonly tags?: readonly string[]
  readonly dataDisks?: readonly { readonly sourceDisk: string; readonly mode: 'READ_WRITE' | 'READ_ONLY' }[]
}

export interface Node extends Partial<NodeSpec> {
  /** `projects/P/locations/ZONE/nodes/NAME`. */
  readonly name: string
  readonly state: NodeState
  readonly health: string
  readonly healthDescription: string
  readonly symptoms: readonly Symptom[]
  /** One per worker, in their order. */
  readonly networkEndpoints: readonly {
    readonly ipAddress: string
    readonly accessConfig?: { readonly externalIp?: string } | null
  }[]
  /** Seconds since 1970; null if not reported. */
  readonly createTime: number | null
  readonly queuedResource: string
}

export interface QueuedSpec {
  readonly nodeId: string
  readonly node: NodeSpec
  readonly tier: 'spot' | 'guaranteed' | 'on-demand'
  readonly reservationName?: string
  /** Seconds after which the request is not filled any more. */
  readonly validFor?: number
}

export interface QueuedResource {
  readonly name: string
  readonly state: QueuedState
  readonly error: { readonly code: number; readonly message: string } | null
  readonly initiator: string
  /** Names of its nodes' ids, and their labels and types. */
  readonly nodes: readonly { readonly nodeId: string; readonly labels: Labels; readonly acceleratorType: string }[]
  readonly createTime: number | null
}

/** A long-running operation: `done` with or without an error. */
export interface OperationStatus {
  readonly done: boolean
  readonly error: { readonly code: number; readonly message: string } | null
}

/** Methods reject with CloudError; those that get one resource resolve to null where there is none. */
export interface TpuService {
  readonly project: string
  /** Whether it is a stand-in on this machine, which answers at once and needs no pauses. */
  readonly isLocal: boolean
  createQueuedResource(zone: string, name: string, spec: QueuedSpec, requestId: string): Promise<string>
  getQueuedResource(zone: string, name: string): Promise<QueuedResource | null>
  /** Of one zone, or of all with `-`. */
  listQueuedResources(zone: string): Promise<QueuedResource[]>
  /** With its nodes. Resolves when the service has taken the request. */
  deleteQueuedResource(zone: string, name: string, requestId: string): Promise<void>
  createNode(zone: string, name: string, spec: NodeSpec): Promise<string>
  getNode(zone: string, name: string): Promise<Node | null>
  listNodes(zone: string): Promise<Node[]>
  deleteNode(zone: string, name: string): Promise<void>
  /** Replaces a node's metadata. */
  updateMetadata(zone: string, name: string, metadata: Readonly<Record<string, string>>): Promise<void>
  getOperation(name: string): Promise<OperationStatus | null>
  /** Types that a zone offers. */
  listAcceleratorTypes(zone: string): Promise<string[]>
  close(): Promise<void>
}

/** Parts of a resource's name. */
export function partsOf(name: string): { readonly zone: string; readonly id: string } {
  const [, zone = '', id = name] = /locations\/([^/]+)\/\w+\/([^/]+)$/.exec(name) ?? []
  return { zone, id }
}
