/** A stand-in of the service for one test, with another's TPU and request in it; at the end it must be as it was. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openTpuService, type TpuService } from '../../src/cloud/index.js'
import { endpointOf } from '../../src/cloud/service/endpoint.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { PROJECT, startStandIn, type StandIn, type StandInOptions } from '../../src/cloud/stand-in/service.js'

export interface CloudWorld {
  readonly cloud: StandIn
  readonly service: TpuService
  readonly folder: string
}

const ZONE = `projects/${PROJECT}/locations/us-west4-a`

/** Starts a service; after the test nothing of another's was touched, and with `clean` nothing of ours is left. */
export async function cloudWorld(
  test: TestContext,
  options: Partial<StandInOptions> & { readonly clean?: boolean } = {},
): Promise<CloudWorld> {
  const folder = temporaryFolder(test)
  const cloud = await startStandIn({ folder: join(folder, 'cloud'), ...options })
  addForeign(cloud)
  const before = foreignState(cloud)
  const endpoint = endpointOf({ NEOMESH_TPU_ENDPOINT: cloud.endpoint })
  const service = await openTpuService({ project: PROJECT, endpoint })
  test.after(async () => {
    await service.close()
    await cloud.close()
    assert.deepEqual(cloud.violations, [])
    assert.equal(foreignState(cloud), before)
    if (options.clean !== false) assert.deepEqual(cloud.ours(), [])
  })
  return { cloud, service, folder }
}

function addForeign(cloud: StandIn): void {
  const node = {
    name: `${ZONE}/nodes/of-a-colleague`,
    state: 'READY',
    health: 'HEALTHY',
    healthDescription: '',
    symptoms: [],
    acceleratorType: 'v5litepod-4',
    runtimeVersion: 'v2-alpha-tpuv5-lite',
    labels: { team: 'vision' },
    metadata: {},
    networkEndpoints: [{ ipAddress: '10.9.9.9', port: 8470, accessConfig: { externalIp: '203.9.9.9' } }],
    createTime: { seconds: Math.floor(Date.now() / 1000) - 3600, nanos: 0 },
    queuedResource: '',
  }
  cloud.nodes.set(node.name, node)
  const waiting = { ...node, name: '', labels: {} }
  const request = {
    name: `${ZONE}/queuedResources/waits-for-a-colleague`,
    state: { state: 'SUSPENDED' },
    tpu: { nodeSpec: [{ parent: ZONE, nodeId: 'waits-for-a-colleague', node: waiting }] },
    createTime: node.createTime,
    requestId: '',
  }
  cloud.queued.set(request.name, request)
}

const foreignState = (cloud: StandIn) =>
  JSON.stringify([
    cloud.nodes.get(`${ZONE}/nodes/of-a-colleague`),
    cloud.queued.get(`${ZONE}/queuedResources/waits-for-a-colleague`),
  ])
