/** Commands on several workers, and what keeps ssh from reaching them. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTpu, deleteTpu, runOnTpu, sshCommand, localKey } from '../../../src/cloud/index.js'
import { createPatience } from '../../../src/cloud/patience.js'
import { checkThere } from '../../../src/cloud/workers/reach.js'
import { setupWorkers } from '../../../src/cloud/workers/setup.js'
import { sshError, workersOf, type Worker } from '../../../src/cloud/workers/ssh.js'
import { cloudWorld, type CloudWorld } from '../world.js'
import { temporaryFolder } from '../../files/temporary-folder.js'

/** A TPU of four workers, which this process can reach. */
async function fourWorkers(world: CloudWorld) {
  Object.assign(process.env, { HOME: world.folder, PATH: world.cloud.environment.PATH })
  const sshKey = await localKey({ make: true })
  const made = await createTpu({
    name: 'four',
    type: 'v5litepod-16',
    zones: ['us-west4-a'],
    sshKey,
    service: world.service,
  })
  return workersOf(made.node)
}

test('a command runs on all workers, in their order; one that fails ends the others', async (t) => {
  const world = await cloudWorld(t, { script: { sshDelay: 150 } })
  const { service, cloud } = world
  const workers = await fourWorkers(world)
  assert.equal(workers.length, 4)
  const lines: string[] = []
  const command =
    'curl -s -H Metadata-Flavor:Google http://$GCE_METADATA_HOST/computeMetadata/v1/instance/attributes/agent-worker-number; echo'
  const results = await runOnTpu({
    name: 'four',
    command,
    service,
    onLine: (line, { index }) => lines.push(`${index}:${line}`),
  })
  assert.deepEqual(
    results.map(({ stdout }) => stdout.trim()),
    ['0', '1', '2', '3'],
  )
  assert.deepEqual(lines.sort(), ['0:0', '1:1', '2:2', '3:3'])
  assert.equal((await runOnTpu({ name: 'four', command, service, workers: [2] }))[0].stdout.trim(), '2')
  cloud.workers.breakCommand(workers[2].address, 'sleep', 7, 'disk full')
  await assert.rejects(runOnTpu({ name: 'four', command: 'sleep 60', service }), {
    kind: 'training',
    message: /^the command failed on worker 2 with status 7: disk full\. .*neomesh tpu ssh four --worker 2$/,
  })
  await assert.rejects(runOnTpu({ name: 'four', command, service, workers: [4] }), {
    message: /^worker must be 0 to 3 of "four" \(got 4\)/,
  })
  const line = await sshCommand({ name: 'four', service, workers: [1] })
  assert.equal(line[0], 'ssh')
  assert.ok(!line.includes('BatchMode=yes') && line.includes('HostKeyAlias=neomesh.us-west4-a.four.1'))
  await deleteTpu({ name: 'four', service })
})

test('set-up that fails names the worker and the reason; one that is not reached says what to do', async (t) => {
  const world = await cloudWorld(t)
  const { service, cloud } = world
  const workers = await fourWorkers(world)
  const file = join(world.folder, 'neomesh.tgz')
  writeFileSync(file, 'no package')
  const options = { package: { file, sha256: '0'.repeat(64) }, copy: [], isLocal: true }
  cloud.workers.breakCommand(workers[2].address, 'sh -s', 1, 'npm error ENOSPC: no space left on device')
  await assert.rejects(setupWorkers([workers[2]], options), {
    kind: 'setup',
    message:
      /^setting up worker 2 \(203\.[\d.]+\) failed while installing, with status 1: npm error ENOSPC: no space left on device\. Correct the cause/,
  })
  cloud.workers.disconnect(workers[3].address)
  await assert.rejects(setupWorkers([workers[3]], options), {
    kind: 'ssh',
    message:
      /^worker 3 \(203\.[\d.]+\) cannot be reached with ssh: .*timed out\. Allow ssh through the firewall: gcloud compute firewall-rules/,
  })
  await deleteTpu({ name: 'four', service })
})

test('what ssh prints decides what is to be done', () => {
  const worker: Worker = { index: 1, of: 2, address: '1.2.3.4', alias: 'a' }
  const error = (stderr: string, status: number | null = 255) =>
    sshError(worker, { status, stdout: Buffer.alloc(0), stderr })
  assert.match(
    error('me@1.2.3.4: Permission denied (publickey).').message,
    /OS Login: add the key with gcloud compute os-login/,
  )
  assert.equal(error('me@1.2.3.4: Permission denied (publickey).').kind, 'setup')
  assert.match(
    error('ssh: connect to host 1.2.3.4 port 22: Connection refused').message,
    /^worker 1 \(1\.2\.3\.4\) cannot be reached with ssh: .*refused\. Allow ssh/,
  )
  assert.match(error('Host key verification failed.').message, /Remove its line/)
  assert.match(error('Connection to 1.2.3.4 closed by remote host.').message, /The connection broke/)
  assert.match(error('ssh: Could not resolve hostname x').message, /Check the network/)
  assert.match(error('', null).message, /no answer in time\. Try again/)
})

test('the time limit holds without anybody: the VM deletes its TPU', async (t) => {
  const { cloud, service } = await cloudWorld(t)
  for (const request of ['queued', 'node'] as const) {
    await createTpu({ name: 'short', type: 'v5litepod-8', zones: ['us-west4-a'], maxHours: 1 / 3600, request, service })
    const patience = createPatience(60, 50)
    while (cloud.ours().length > 0 && !patience.exhausted) await patience.wait()
    assert.deepEqual(cloud.ours(), [])
  }
  assert.ok(!cloud.calls.some((call) => call.startsWith('Delete')))
})

test('without ssh on PATH nothing is waited for', async (t) => {
  const world = await cloudWorld(t)
  await fourWorkers(world)
  const before = process.env.PATH
  process.env.PATH = temporaryFolder(t)
  await assert.rejects(runOnTpu({ name: 'four', command: 'true', service: world.service }), {
    kind: 'package',
    message: /^ssh must be installed to reach workers \(it is not on PATH\)\. Install OpenSSH's client$/,
  })
  process.env.PATH = before
  await deleteTpu({ name: 'four', service: world.service })
})

test('a TPU that is unhealthy for a moment is kept; one that stays so, or is repaired, is lost', async (t) => {
  const { cloud, service } = await cloudWorld(t)
  for (const request of ['queued', 'node'] as const) {
    const { node } = await createTpu({ name: 'mine', type: 'v5litepod-8', zones: ['us-west4-a'], request, service })
    const there = cloud.nodes.get(node.name)!
    await checkThere(service, node)
    there.health = 'UNHEALTHY_TENSORFLOW'
    setTimeout(() => (there.health = 'HEALTHY'), 70)
    await checkThere(service, node)
    there.health = 'UNHEALTHY_TENSORFLOW'
    await assert.rejects(checkThere(service, node), {
      kind: 'unhealthy',
      message: /is unhealthy: UNHEALTHY_TENSORFLOW/,
    })
    Object.assign(there, { health: 'HEALTHY', state: 'REPAIRING' })
    await assert.rejects(checkThere(service, node), {
      kind: 'unhealthy',
      message:
        /"mine" in us-west4-a must be READY \(it is REPAIRING, and stays so\)\. Delete it and create another one/,
    })
    there.state = 'READY'
    await deleteTpu({ name: 'mine', service })
  }
})
