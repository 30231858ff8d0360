/**
 * A stand-in of the Cloud TPU service over gRPC: nodes, queued resources and operations with their states, quota, stock-outs,
 * preemption and failures by script. It records every call that would have changed a resource without neomesh's label.
 */
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPlugin } from '../../engine/index.js'
import { KEY_FILE } from '../workers/keys.js'
import { startMetadata, startRest, type HttpServer } from './metadata.js'
import { loadProtocol } from './protocol.js'
import {
  chipsOf,
  quotaMessage,
  stockoutMessage,
  workersOf,
  type NodeRecord,
  type OperationRecord,
  type QueuedRecord,
  type StandInScript,
  type Outcome,
} from './state.js'
import { createWorkers, type Workers } from './workers.js'

export const PROJECT = 'neomesh-test'

export interface StandIn {
  /** For NEOMESH_TPU_ENDPOINT. */
  readonly endpoint: string
  readonly script: StandInScript
  readonly nodes: Map<string, NodeRecord>
  readonly queued: Map<string, QueuedRecord>
  readonly workers: Workers
  /** All calls: method and resource. */
  readonly calls: string[]
  /** Calls that touched what is not neomesh's: must stay empty. */
  readonly violations: string[]
  /** Variables of a client: endpoint, project, PATH, its ssh key. */
  readonly environment: Record<string, string>
  /** Makes this process a client: sets these variables in its environment. */
  use(): void
  /** Names of resources of neomesh that exist. */
  ours(): string[]
  /** Takes the nodes of neomesh away, as the service does with spot. Returns their names. */
  preempt(): string[]
  addresses(): string[]
  close(): Promise<void>
}

export interface StandInOptions {
  /** Where the workers' folders are. @default a temporary one */
  readonly folder?: string
  readonly script?: Partial<StandInScript>
  /** More variables of the workers' processes. @default the XLA plugin of this machine */
  readonly workerEnvironment?: Readonly<Record<string, string>>
  readonly port?: number
}

class Refusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message)
  }
}

interface Request {
  name: string
  parent: string
  nodeId: string
  node: NodeRecord
  queuedResourceId: string
  queuedResource: QueuedRecord
  requestId: string
  force: boolean
}

/**
 * Starts a stand-in of the Cloud TPU service on this machine. Its TPUs' workers are folders in which commands really run, with
 * programs `ssh` and `scp` for a client whose variables are `environment`. Nothing leaves this machine.
 */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const script: StandInScript = {
    calls: [],
    creations: [],
    quota: {},
    latency: 2,
    pace: 40,
    sshDelay: 0,
    hidesPreemption: false,
    ...options.script,
  }
  const nodes = new Map<string, NodeRecord>()
  const queued = new Map<string, QueuedRecord>()
  const operations = new Map<string, OperationRecord>()
  const servers = new Map<string, HttpServer>()
  const calls: string[] = []
  const violations: string[] = []
  const protocol = loadProtocol()
  const workerEnvironment = options.workerEnvironment ?? { PJRT_PLUGIN_LIBRARY_PATH: findPlugin('cpu').path }
  const { Server, ServerCredentials, Metadata } = protocol.grpc
  const workers = await createWorkers(options.folder)
  let count = 0
  let closed = false
  const now = () => ({ seconds: Math.floor(Date.now() / 1000), nanos: 0 })
  const rest = await startRest((name) =>
    name.includes('/queuedResources/') ? deleteQueued(name, true) : deleteNode(name),
  )

  const isOurs = (labels: Record<string, string> | undefined) => labels?.neomesh === 'tpu'
  function mustBeOurs(call: string, name: string, labels: Record<string, string> | undefined): void {
    if (!isOurs(labels)) violations.push(`${call} ${name}`)
  }

  /** Work that continues after an answer; it ends silently when its resource is gone. */
  function later(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!(error instanceof Gone)) throw error
    })
  }
  class Gone extends Error {}
  async function pass(resource: { name: string }, states = 1): Promise<void> {
    await sleep(script.pace * states, undefined, { ref: false })
    if (closed || (nodes.get(resource.name) !== resource && queued.get(resource.name) !== resource)) throw new Gone()
    const { state } = resource as unknown as { state: string | { state: string } }
    if ((typeof state === 'string' ? state : state.state) === 'DELETING') throw new Gone()
  }

  function newOperation(): OperationRecord {
    const operation: OperationRecord = { name: `projects/${PROJECT}/locations/z/operations/op-${++count}`, done: false }
    operations.set(operation.name, operation)
    return operation
  }

  function checkQuota(zone: string, type: string): void {
    const limit = script.quota[zone] ?? 1024
    let used = 0
    for (const node of nodes.values()) if (node.name.includes(`/${zone}/`)) used += chipsOf(node.acceleratorType)
    for (const each of queued.values())
      if (each.name.includes(`/${zone}/`) && !nodes.has(nodeNameOf(each)))
        used += chipsOf(each.tpu.nodeSpec[0].node.acceleratorType)
    if (used + chipsOf(type) > limit) throw new Refusal(8, quotaMessage(zone, limit))
  }

  const nodeNameOf = ({ tpu: { nodeSpec } }: QueuedRecord) => `${nodeSpec[0].parent}/nodes/${nodeSpec[0].nodeId}`
  const zoneOf = (name: string) => /locations\/([^/]+)/.exec(name)![1]

  function addNode(name: string, spec: Partial<NodeRecord>, queuedResource: string): NodeRecord {
    const node: NodeRecord = {
      ...(spec as NodeRecord),
      labels: spec.labels ?? {},
      metadata: spec.metadata ?? {},
      name,
      state: 'CREATING',
      health: 'HEALTH_UNSPECIFIED',
      healthDescription: '',
      symptoms: [],
      networkEndpoints: [],
      createTime: now(),
      queuedResource,
    }
    nodes.set(name, node)
    return node
  }

  async function makeReady(node: NodeRecord, outcome: Outcome): Promise<void> {
    const size = workersOf(node.acceleratorType)
    const first = ++count
    const endpoints = Array.from({ length: size }, (_, k) => ({
      ipAddress: `10.0.${first}.${k + 1}`,
      port: 8470,
      accessConfig: { externalIp: `203.0.${first}.${k + 1}` },
    }))
    for (const [k, { accessConfig }] of endpoints.entries()) {
      const address = accessConfig.externalIp
      const server = await startMetadata({
        'project/project-id': PROJECT,
        'instance/zone': `projects/1/zones/${zoneOf(node.name)}`,
        'agent-worker-number': String(k),
        'worker-network-endpoints': endpoints.map(({ ipAddress }) => `unknown:unknown:${ipAddress}`).join(','),
        'accelerator-type': node.acceleratorType,
        'tpu-env': `ACCELERATOR_TYPE: '${node.acceleratorType}'\nWORKER_ID: '${k}'\nNODE_ID: '${node.name.split('/').at(-1)!}'\n`,
      })
      servers.set(address, server)
      workers.start({
        address,
        keys: node.metadata['ssh-keys'] ?? '',
        startupScript: node.metadata['startup-script'] ?? '',
        metadataHost: server.host,
        api: `http://${rest.host}`,
        environment: workerEnvironment,
      })
      setTimeout(() => workers.connect(address), script.sshDelay).unref()
    }
    node.networkEndpoints = endpoints
    node.state = 'READY'
    node.health = 'HEALTHY'
    if (outcome === 'unhealthy') {
      node.health = 'UNHEALTHY_TENSORFLOW'
      node.healthDescription = 'The TPU runtime does not answer.'
      node.symptoms = [{ symptomType: 'HBM_OUT_OF_MEMORY', details: 'chip 3', workerId: '0' }]
    }
  }

  function stopWorkers(node: NodeRecord): void {
    for (const { accessConfig } of node.networkEndpoints) {
      workers.remove(accessConfig.externalIp)
      servers.get(accessConfig.externalIp)?.close()
    }
  }

  function createNode({ parent, nodeId, node: spec }: Request): OperationRecord {
    const name = `${parent}/nodes/${nodeId}`
    if (nodes.has(name)) throw new Refusal(6, `Resource '${name}' already exists.`)
    if (!isOurs(spec.labels)) violations.push(`CreateNode without the label ${name}`)
    const zone = zoneOf(parent)
    checkQuota(zone, spec.acceleratorType)
    const outcome = script.creations.shift() ?? 'ready'
    const operation = newOperation()
    const node = addNode(name, spec, '')
    later(async () => {
      await pass(node, 2)
      if (outcome === 'stuck' || outcome === 'waiting') return
      if (outcome === 'stockout' || outcome === 'failed') {
        nodes.delete(name)
        const stockout = { code: 8, message: stockoutMessage(zone) }
        operation.error = outcome === 'stockout' ? stockout : { code: 13, message: 'an internal error has occurred' }
        operation.done = true
        return
      }
      await makeReady(node, outcome)
      if (outcome !== 'unfinished') operation.done = true
    })
    return operation
  }

  function createQueued({ parent, queuedResourceId, queuedResource, requestId }: Request): OperationRecord {
    const name = `${parent}/queuedResources/${queuedResourceId}`
    const existing = queued.get(name)
    if (existing && existing.requestId === requestId) return newOperation() // the same request again
    if (existing) throw new Refusal(6, `Resource '${name}' already exists.`)
    const spec = queuedResource.tpu.nodeSpec[0]
    if (!isOurs(spec.node.labels)) violations.push(`CreateQueuedResource without the label ${name}`)
    const zone = zoneOf(parent)
    checkQuota(zone, spec.node.acceleratorType)
    const outcome = script.creations.shift() ?? 'ready'
    const made: QueuedRecord = { ...queuedResource, name, state: { state: 'CREATING' }, createTime: now(), requestId }
    queued.set(name, made)
    const operation = newOperation()
    operation.done = true
    later(async () => {
      await pass(made)
      made.state = { state: 'WAITING_FOR_RESOURCES' }
      await pass(made)
      if (outcome === 'waiting') return
      if (outcome === 'stockout' || outcome === 'failed') {
        const stockout = { code: 8, message: stockoutMessage(zone) }
        const error = outcome === 'stockout' ? stockout : { code: 13, message: 'an internal error has occurred' }
        made.state = { state: 'FAILED', failedData: { error } }
        return
      }
      made.state = { state: 'PROVISIONING' }
      const node = addNode(nodeNameOf(made), spec.node, name)
      if (outcome === 'stuck') return
      await pass(made)
      await makeReady(node, outcome)
      made.state = { state: 'ACTIVE' }
    })
    return operation
  }

  function deleteNode(name: string): OperationRecord {
    const node = nodes.get(name)
    if (!node) throw new Refusal(5, `Resource '${name}' was not found`)
    mustBeOurs('DeleteNode', name, node.labels)
    const operation = newOperation()
    node.state = 'DELETING'
    stopWorkers(node)
    setTimeout(() => {
      nodes.delete(name)
      operation.done = true
    }, script.pace).unref()
    return operation
  }

  function deleteQueued(name: string, force: boolean): OperationRecord {
    const found = queued.get(name)
    if (!found) throw new Refusal(5, `Resource '${name}' was not found`)
    mustBeOurs('DeleteQueuedResource', name, found.tpu.nodeSpec[0].node.labels)
    const node = nodes.get(nodeNameOf(found))
    if (node && !force)
      throw new Refusal(9, `queued resource in state ${found.state.state} cannot be deleted without force`)
    const operation = newOperation()
    found.state = { state: 'DELETING' }
    if (node && node.state !== 'DELETING') deleteNode(node.name)
    setTimeout(() => {
      queued.delete(name)
      operation.done = true
    }, script.pace * 2).unref()
    return operation
  }

  const inParent = <T extends { name: string }>(all: Map<string, T>, parent: string) =>
    [...all.values()].filter(({ name }) => parent.endsWith('/locations/-') || name.startsWith(`${parent}/`))
  const orRefuse = <T>(found: T | undefined, name: string): T => {
    if (found === undefined) throw new Refusal(5, `Resource '${name}' was not found`)
    return found
  }

  const methods: Record<string, (request: Request) => object> = {
    CreateNode: createNode,
    CreateQueuedResource: createQueued,
    DeleteNode: ({ name }) => deleteNode(name),
    DeleteQueuedResource: ({ name, force }) => deleteQueued(name, force),
    GetNode: ({ name }) => shown(orRefuse(nodes.get(name), name)),
    GetQueuedResource: ({ name }) => orRefuse(queued.get(name), name),
    ListNodes: ({ parent }) => ({ nodes: inParent(nodes, parent).map(shown) }),
    ListQueuedResources: ({ parent }) => ({ queuedResources: inParent(queued, parent) }),
    ListAcceleratorTypes: ({ parent }) => ({
      acceleratorTypes: ['v5litepod-1', 'v5litepod-4', 'v5litepod-8', 'v5litepod-16'].map((type) => ({
        name: `${parent}/acceleratorTypes/${type}`,
        type,
      })),
    }),
    UpdateNode: ({ node: { name, metadata } }) => {
      const node = orRefuse(nodes.get(name), name)
      mustBeOurs('UpdateNode', name, node.labels)
      if (node.state !== 'READY')
        throw new Refusal(3, `Cloud TPU received a bad request. update is not supported while in state ${node.state}`)
      node.metadata = metadata
      for (const { accessConfig } of node.networkEndpoints)
        workers.authorize(accessConfig.externalIp, metadata['ssh-keys'] ?? '')
      const operation = newOperation()
      operation.done = true
      return operation
    },
    GetOperation: ({ name }) => orRefuse(operations.get(name), name),
  }
  const shown = (node: NodeRecord): NodeRecord =>
    node.state === 'PREEMPTED' && script.hidesPreemption ? { ...node, state: 'READY' } : node

  function handler(name: string) {
    return (call: ServerUnaryCall<Request, object>, reply: sendUnaryData<object>): void => {
      answer(name, call.request).then(
        (found) => reply(null, found),
        (error: unknown) => {
          const { code = 2, message } = error as Refusal
          reply({ code, details: message, metadata: new Metadata() } as never)
        },
      )
    }
  }

  async function answer(name: string, request: Request): Promise<object> {
    const target =
      request.name ||
      request.node?.name ||
      [request.parent, request.queuedResourceId || request.nodeId].filter(Boolean).join('/')
    calls.push(`${name} ${target}`)
    if (script.latency > 0) await sleep(script.latency)
    const rule = script.calls.find(
      ({ call, zone, times = 1 }) =>
        times > 0 && (call === undefined || call === name) && (zone === undefined || target.includes(`/${zone}`)),
    )
    if (rule) rule.times = (rule.times ?? 1) - 1
    if (rule && !rule.lost) throw new Refusal(rule.code, rule.message)
    const result = methods[name](request)
    if (rule) throw new Refusal(rule.code, rule.message)
    return result
  }

  const server = new Server()
  const known = Object.keys(methods).filter((name) => name !== 'GetOperation')
  server.addService(protocol.tpu, Object.fromEntries(known.map((name) => [name, handler(name)])) as never)
  server.addService(protocol.operations, { GetOperation: handler('GetOperation') } as never)
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  const endpoint = `127.0.0.1:${port}`

  const environment = {
    NEOMESH_TPU_ENDPOINT: endpoint,
    GOOGLE_CLOUD_PROJECT: PROJECT,
    PATH: `${workers.bin}:${process.env.PATH}`,
    [KEY_FILE]: workers.key,
  }

  return {
    endpoint,
    script,
    nodes,
    queued,
    workers,
    calls,
    violations,
    environment,
    use: () => void Object.assign(process.env, environment),
    ours: () => [
      ...[...nodes.values()].filter(({ labels }) => isOurs(labels)).map(({ name }) => name),
      ...[...queued.values()].filter(({ tpu }) => isOurs(tpu.nodeSpec[0].node.labels)).map(({ name }) => name),
    ],
    preempt() {
      const taken = [...nodes.values()].filter(({ labels, state }) => isOurs(labels) && state === 'READY')
      for (const node of taken) {
        stopWorkers(node)
        node.state = 'PREEMPTED'
        const request = queued.get(node.queuedResource)
        if (!request || script.hidesPreemption) continue
        request.state = { state: 'SUSPENDING', stateInitiator: 'SERVICE' }
        setTimeout(() => {
          if (request.state.state === 'SUSPENDING') request.state = { state: 'SUSPENDED', stateInitiator: 'SERVICE' }
        }, script.pace).unref()
      }
      return taken.map(({ name }) => name)
    },
    addresses: () =>
      [...nodes.values()].flatMap(({ networkEndpoints }) =>
        networkEndpoints.map(({ accessConfig }) => accessConfig.externalIp),
      ),
    async close() {
      closed = true
      for (const node of nodes.values()) stopWorkers(node)
      rest.close()
      server.forceShutdown()
      workers.end()
      await sleep(0)
    },
  }
}
