/** What is refused before any call. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { acceleratorOf, checkTpuOptions, readFacts, type TpuOptions } from '../../src/cloud/index.js'
import { checkLabel, checkName, checkProject, newRunId } from '../../src/cloud/names.js'
import { endpointOf } from '../../src/cloud/service/endpoint.js'
import { temporaryFolder } from '../files/temporary-folder.js'

const usage = (message: RegExp) => ({ name: 'CloudError', kind: 'usage', message })
const good: TpuOptions = { type: 'v5litepod-8', zones: ['us-west4-a'] }

test('types and zones', () => {
  checkTpuOptions(good)
  assert.throws(
    () => checkTpuOptions({ ...good, type: 'v9-8' }),
    usage(/^TPU type must be one of v2-N, .* \(got "v9-8"\)/),
  )
  assert.throws(
    () => checkTpuOptions({ ...good, type: 'v5litepod-7' }),
    usage(/^TPU type must be one of v5litepod-1, .* \(got "v5litepod-7"\)/),
  )
  assert.throws(
    () => checkTpuOptions({ ...good, type: 'tpu7x-8' }),
    usage(/tpu7x is created with Google Kubernetes Engine/),
  )
  assert.throws(() => checkTpuOptions({ ...good, zones: [] }), usage(/^a zone must be given/))
  assert.throws(
    () => checkTpuOptions({ ...good, zones: ['mars'] }),
    usage(/^zone must be written like us-west4-a \(got "mars"\)/),
  )
  assert.throws(
    () => checkTpuOptions({ ...good, zones: ['us-central2-b'] }),
    usage(/^zone must be one of us-central1-a, .* for v5litepod-8 \(got "us-central2-b"\)/),
  )
  assert.equal(acceleratorOf('v5e-8').topology.name, 'v5litepod-8')
  assert.equal(acceleratorOf('v4-16').workers, 2)
})

test('names, labels, projects, limits', () => {
  checkName('a-1')
  for (const name of ['', 'A', '1a', 'a_b', 'a-', 'a'.repeat(64)])
    assert.throws(() => checkName(name), usage(/^name must be/))
  for (const [key, value] of [
    ['Team', 'x'],
    ['team', 'X'],
    ['neomesh', 'tpu'],
    ['neomesh-run', 'x'],
    ['', ''],
  ])
    assert.throws(() => checkLabel(key, value), usage(/^label must/))
  for (const project of ['ab', 'Has-Capitals', 'ends-'])
    assert.throws(() => checkProject(project), usage(/^project must be a project's id/))
  checkProject('example.com:my-project')
  for (const maxHours of [0, -1, 1000, NaN])
    assert.throws(() => checkTpuOptions({ ...good, maxHours }), usage(/^the time limit must be/))
  assert.throws(() => checkTpuOptions({ ...good, reservation: 'r' }), usage(/^a reservation is for reserved TPUs only/))
  assert.throws(() => checkTpuOptions({ ...good, tier: 'reserved' }), usage(/must name its reservation/))
  for (const words of ['GPT Neo 125M.json', '125M', '---', '日本', 'x'.repeat(80)]) checkName(newRunId(words), 40)
})

test('without TLS only this machine is talked to', () => {
  assert.deepEqual(endpointOf({}), { host: 'tpu.googleapis.com', port: 443, insecure: false })
  for (const good of ['127.0.0.1:80', 'localhost:8500', '[::1]:8500'])
    assert.equal(endpointOf({ NEOMESH_TPU_ENDPOINT: good }).insecure, true)
  for (const bad of [
    'tpu.googleapis.com:443',
    '10.0.0.1:8500',
    '127.0.0.1',
    'localhost.evil.com:80',
    '127.0.0.1:0',
    '127.0.0.1:99999',
    'http://127.0.0.1:80',
  ])
    assert.throws(
      () => endpointOf({ NEOMESH_TPU_ENDPOINT: bad }),
      usage(/^NEOMESH_TPU_ENDPOINT must be a port of this machine/),
    )
})

test('a file overrides prices, zones and runtime versions', async (t) => {
  const file = join(temporaryFolder(t), 'prices.json')
  const write = (value: unknown) => writeFileSync(file, JSON.stringify(value))
  write({ v5e: { price: 1, zones: ['us-east7-b'], runtime: 'mine' } })
  const facts = await readFacts(file)
  checkTpuOptions({ ...good, zones: ['us-east7-b'], facts })
  assert.equal(acceleratorOf('v5litepod-8', facts).pricePerHour, 8)
  assert.equal(acceleratorOf('v4-8', facts).pricePerHour, acceleratorOf('v4-8').pricePerHour)
  for (const [bad, words] of [
    [[], /the file must be an object/],
    [{ v9: {} }, /"v9" must be one of v2, v3/],
    [{ v5e: { price: '1' } }, /v5e\.price must be a number of US dollars .* \(got "1"\)/],
    [{ v5e: { cost: 1 } }, /v5e: a key must be price, zones or runtime \(got "cost"\)/],
    [{ v5e: { zones: 'us-west4-a' } }, /v5e\.zones must be a list of zones/],
  ] as const) {
    write(bad)
    await assert.rejects(readFacts(file), usage(words))
  }
})
