/** Creating, listing and deleting against the stand-in over gRPC. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createTpu,
  deleteTpu,
  dryCreate,
  limitOf,
  listTpus,
  type CreateTpuOptions,
  type TpuEvent,
} from '../../src/cloud/index.js'
import { queuedRequest } from '../../src/cloud/service/messages.js'
import type { QueuedSpec } from '../../src/cloud/service/types.js'
import { cloudWorld } from './world.js'

const V5E: Omit<CreateTpuOptions, 'service'> = { name: 'mine', type: 'v5litepod-8', zones: ['us-west4-a'] }

test('a queued TPU is created with our labels, is listed with its cost, and deleted with its request', async (t) => {
  const { cloud, service } = await cloudWorld(t, { script: { pace: 150 } })
  const events: TpuEvent[] = []
  const tpu = await createTpu({
    ...V5E,
    tier: 'spot',
    service,
    labels: { team: 'text' },
    onEvent: (event) => events.push(event),
  })
  assert.equal(tpu.zone, 'us-west4-a')
  assert.deepEqual(tpu.node.labels, { team: 'text', neomesh: 'tpu', 'neomesh-run': 'mine' })
  assert.match(
    tpu.node.metadata!['startup-script'],
    /DELETE "\$api\/v2\/projects\/neomesh-test\/locations\/us-west4-a\/queuedResources\/mine\?force=true"/,
  )
  const reasons = events.flatMap((event) => (event.kind === 'wait' ? [event.reason] : []))
  assert.ok(reasons.length > 0)
  const [request] = [...cloud.queued.values()].filter(({ name }) => name.endsWith('/mine'))
  assert.deepEqual(
    Object.keys(request).filter((key) => ['spot', 'guaranteed'].includes(key)),
    ['spot'],
  )
  const [mine] = await listTpus({ service, mine: true })
  assert.equal(mine.state, 'READY')
  assert.ok(mine.cost !== null && mine.cost < 0.1)
  const all = await listTpus({ service })
  assert.deepEqual(all.map(({ name }) => name).sort(), ['mine', 'of-a-colleague', 'waits-for-a-colleague'])
  assert.match(all.find(({ name }) => name === 'waits-for-a-colleague')!.remark, /holds quota without a TPU: delete it/)
  const deleted = await deleteTpu({ name: 'mine', service })
  assert.deepEqual(
    deleted.map(({ kind, name }) => `${kind} ${name}`),
    ['queued mine'],
  )
})

test('a dry run shows the request that a creation sends', async (t) => {
  const { service } = await cloudWorld(t)
  let sent: object | undefined
  const listening = Object.assign(Object.create(service) as typeof service, {
    createQueuedResource(zone: string, name: string, spec: QueuedSpec, requestId: string) {
      sent = queuedRequest(`projects/${service.project}/locations/${zone}`, name, spec, requestId)
      return service.createQueuedResource(zone, name, spec, requestId)
    },
  })
  const options = { ...V5E, tier: 'spot', tags: ['a'], maxHours: 3 } as const
  await createTpu({ ...options, waitMinutes: 7, service: listening })
  const target = { kind: 'queued', zone: 'us-west4-a', name: 'mine', requestId: 'x' } as const
  const { project } = service
  const dry = dryCreate(options, { project, target, run: 'mine', limit: limitOf(3), waitSeconds: 420 })
  // The deadline is a time of day.
  const comparable = (text: string) => text.replace(/"requestId": "[^"]*"/, '').replace(/\b1[0-9]{9}\b/g, 'DEADLINE')
  assert.equal(
    comparable(dry),
    `google.cloud.tpu.v2.Tpu.CreateQueuedResource ${comparable(JSON.stringify(sent, null, 2))}`,
  )
  assert.match(dry, /"seconds": 1020/)
  await deleteTpu({ name: 'mine', service })
})

test('a stock-out and a failed creation are deleted, and the next zone is tried', async (t) => {
  for (const request of ['queued', 'node'] as const) {
    const { cloud, service } = await cloudWorld(t, { script: { creations: ['stockout', 'failed', 'ready'], pace: 80 } })
    const events: TpuEvent[] = []
    const zones = ['us-west4-a', 'us-central1-a', 'us-south1-a']
    const tpu = await createTpu({ ...V5E, zones, request, service, onEvent: (event) => events.push(event) })
    assert.equal(tpu.zone, 'us-south1-a')
    const failed = events.flatMap((event) => (event.kind === 'no-capacity' ? [event.reason] : []))
    assert.match(failed[0], /us-west4-a has no free capacity of this type \(EID 0x1f2e3d4c5b6a7988\)\. Name more zones/)
    assert.match(failed[1], /the creation failed/)
    assert.equal(cloud.ours().filter((name) => !name.includes('us-south1-a')).length, 0)
    await deleteTpu({ name: 'mine', service })
  }
})

test('one zone is tried again after a pause, a zone without quota is not', async (t) => {
  const { cloud, service } = await cloudWorld(t, {
    script: { creations: ['stockout', 'stockout', 'ready'], quota: { 'us-central1-a': 4 } },
  })
  const zones = ['us-central1-a', 'us-west4-a']
  const tpu = await createTpu({ ...V5E, zones, request: 'node', service })
  assert.equal(tpu.zone, 'us-west4-a')
  assert.equal(cloud.calls.filter((call) => /^CreateNode .*us-central1-a/.test(call)).length, 1)
  assert.equal(cloud.calls.filter((call) => /^CreateNode .*us-west4-a/.test(call)).length, 3)
  await deleteTpu({ all: true, service })
  await assert.rejects(createTpu({ ...V5E, zones: ['us-central1-a'], request: 'node', service }), {
    kind: 'quota',
    message:
      /the quota TPUV5sPreemptibleLitepodPerProjectPerZoneForTPUAPI, a limit of 4 in us-central1-a, is used up\..* ask for more: https:\/\/console/,
  })
})

test('an answer that was lost does not create a second one', async (t) => {
  const { cloud, service } = await cloudWorld(t)
  for (const request of ['queued', 'node'] as const) {
    const call = request === 'queued' ? 'CreateQueuedResource' : 'CreateNode'
    cloud.script.calls.push({ call, code: 14, message: 'connection reset', lost: true })
    await createTpu({ ...V5E, request, service })
    assert.equal(cloud.ours().length, request === 'queued' ? 2 : 1)
    await deleteTpu({ name: 'mine', service })
  }
})

test('what is never ready, unhealthy or interrupted is deleted', async (t) => {
  const { cloud, service } = await cloudWorld(t, { script: { creations: ['waiting'] } })
  cloud.script.creations = Array.from({ length: 12 }, () => 'waiting' as const)
  await assert.rejects(createTpu({ ...V5E, waitMinutes: 0.03, service }), {
    kind: 'waited',
    message: /"mine" must be ready within \d+ min \(still: waiting for free capacity in us-west4-a\)\. Name more zones/,
  })
  cloud.script.creations = Array.from({ length: 12 }, () => 'unhealthy' as const)
  await assert.rejects(createTpu({ ...V5E, service }), {
    kind: 'unhealthy',
    message:
      /UNHEALTHY_TENSORFLOW: The TPU runtime does not answer; HBM_OUT_OF_MEMORY on worker 0 \(chip 3\)\. Delete it/,
  })
  cloud.script.creations = ['stuck']
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 150)
  await assert.rejects(createTpu({ ...V5E, service, signal: stop.signal }), { name: 'AbortError' })
  assert.deepEqual(cloud.ours(), [])
})

test("another's TPU is neither adopted nor deleted", async (t) => {
  const { cloud, service } = await cloudWorld(t)
  const refusal = {
    kind: 'not-ours',
    message: /"of-a-colleague" in us-west4-a was not created by neomesh: .* left alone/,
  }
  await assert.rejects(deleteTpu({ name: 'of-a-colleague', service }), refusal)
  await assert.rejects(createTpu({ ...V5E, name: 'of-a-colleague', request: 'node', service }), refusal)
  await assert.rejects(createTpu({ ...V5E, name: 'of-a-colleague', service }), { kind: 'not-ours' })
  await assert.rejects(deleteTpu({ name: 'nothing', service }), { kind: 'not-found' })
  assert.deepEqual(await deleteTpu({ all: true, service }), [])
  assert.equal(cloud.calls.filter((call) => call.startsWith('Delete')).length, 0)
})

test('a service that does not answer is one line, after several attempts', async (t) => {
  const { cloud, service } = await cloudWorld(t)
  cloud.script.calls.push({ call: 'ListNodes', times: 3, code: 14, message: 'connection reset' })
  assert.equal((await listTpus({ service })).length, 2)
  cloud.script.calls = [{ times: 99, code: 14, message: 'connection reset' }]
  await assert.rejects(listTpus({ service }), {
    kind: 'unavailable',
    message:
      'cannot list TPUs: the Cloud TPU service did not answer, or failed, more than once. Check the network, and try again (code 14: connection reset)',
  })
  assert.equal(cloud.calls.filter((call) => call.startsWith('ListNodes')).length, 4 + 6)
})
