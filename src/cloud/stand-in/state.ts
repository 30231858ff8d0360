/** What the stand-in of the Cloud TPU service keeps, and the script of what goes wrong. */

/** A node, as google.cloud.tpu.v2.Node in JSON; `name` is the whole one. */
export interface NodeRecord {
  name: string
  state: string
  health: string
  healthDescription: string
  symptoms: { symptomType: string; details: string; workerId: string }[]
  acceleratorType: string
  runtimeVersion: string
  labels: Record<string, string>
  metadata: Record<string, string>
  networkEndpoints: { ipAddress: string; port: number; accessConfig: { externalIp: string } }[]
  createTime: { seconds: number; nanos: number }
  queuedResource: string
  [more: string]: unknown
}

export interface QueuedRecord {
  name: string
  state: { state: string; failedData?: { error: { code: number; message: string } }; stateInitiator?: string }
  tpu: { nodeSpec: { parent: string; nodeId: string; node: NodeRecord }[] }
  createTime: { seconds: number; nanos: number }
  requestId: string
  [more: string]: unknown
}

export interface OperationRecord {
  name: string
  done: boolean
  error?: { code: number; message: string }
}

/** An answer instead of that to a call: the first rule that fits, `times` times. */
export interface CallRule {
  /** Method, such as CreateNode; any if absent. */
  readonly call?: string
  readonly zone?: string
  /** @default 1 */
  times?: number
  readonly code: number
  readonly message: string
  /** Whether the call takes effect nevertheless, and only its answer is lost. */
  readonly lost?: boolean
}

/** What becomes of a creation. */
export type Outcome =
  | 'ready'
  /** An error of the operation after a successful answer. */
  | 'stockout'
  | 'failed'
  /** Stays in WAITING_FOR_RESOURCES. */
  | 'waiting'
  /** READY, with symptoms. */
  | 'unhealthy'
  /** Ready, but its operation is never done. */
  | 'unfinished'
  /** Never leaves CREATING. */
  | 'stuck'

export interface StandInScript {
  calls: CallRule[]
  /** Of the next creations, in order; then all are `ready`. */
  creations: Outcome[]
  /** Chips by zone. */
  quota: Record<string, number>
  /** Milliseconds before each answer. */
  latency: number
  /** Milliseconds of each state on the way to READY, and of deleting. */
  pace: number
  /** Milliseconds after READY before ssh answers. */
  sshDelay: number
  /** Whether preempted nodes stay READY in answers, as some do. */
  hidesPreemption: boolean
}

export const EID = '[EID: 0x1f2e3d4c5b6a7988]'

export function stockoutMessage(zone: string): string {
  return `There is no more capacity in the zone "${zone}"; you can try in another zone where Cloud TPU Nodes are offered (see https://cloud.google.com/tpu/docs/regions) ${EID}`
}

export function quotaMessage(zone: string, limit: number): string {
  return `Quota limit 'TPUV5sPreemptibleLitepodPerProjectPerZoneForTPUAPI' has been exceeded. Limit: ${limit} in zone ${zone}.`
}

/** Chips of a type, from its name. */
export function chipsOf(type: string): number {
  const [, generation, number] = /^(\w+)-(\d+)$/.exec(type) ?? []
  if (generation === undefined) return 0
  return Number(number) / (/^(v5litepod|v5e|v6e)$/.test(generation) ? 1 : 2)
}

/** Virtual machines of a type. */
export function workersOf(type: string): number {
  const chips = chipsOf(type)
  return chips <= 8 && /^v(5|6)/.test(type) ? 1 : Math.max(1, chips / 4)
}
