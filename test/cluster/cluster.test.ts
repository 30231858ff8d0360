import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { Cluster, Member, type Place } from '../../src/cluster/index.js'
import { runHere } from '../cli/run-here.js'

const SECRET = 'correct horse battery'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('host 0 serves while its main thread waits; values are there when put returns', async () => {
  const place: Place = { hosts: 2, host: 0, coordinator: `127.0.0.1:${await freePort()}`, source: 'test' }
  const cluster = await Cluster.join(place, { secret: SECRET })
  // A thread of its own answers the other host, although this one blocks.
  const other = await Member.join({ host: 1, hosts: 2, coordinator: place.coordinator, secret: SECRET })
  cluster.put('mine', Uint8Array.of(1, 2, 3))
  assert.deepEqual(cluster.get('mine'), Uint8Array.of(1, 2, 3))
  assert.equal(cluster.get('none'), null)
  assert.equal(cluster.get('none', 50), null)
  void other.put('theirs', Uint8Array.of(9))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(cluster.get('theirs', 10_000), Uint8Array.of(9))
  await other.leave()
  await cluster.leave()
  assert.throws(() => cluster.get('mine'), /this host has left the run/)
})

test('a port that is taken, a secret that is missing: one line', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const { port } = server.address() as { port: number }
  const place: Place = { hosts: 2, host: 0, coordinator: `127.0.0.1:${port}`, source: 'test' }
  await assert.rejects(Cluster.join(place, { secret: SECRET }), { name: 'ClusterError', message: /EADDRINUSE/ })
  await new Promise((resolve) => server.close(resolve))
  await assert.rejects(Cluster.join(place, { secret: undefined }), { name: 'RangeError' })
})

test('the command: several hosts need GPUs; what is wrong is said before anything starts', async () => {
  const train = (args: string[], env = {}) =>
    runHere(['train', 'configs/models/demo.json', '-r', '/nowhere', ...args], env)
  const onCpu = await train(['--hosts', '2', '--host-id', '1', '--coordinator', '10.0.0.1:29500'])
  assert.deepEqual(
    [onCpu.code, onCpu.stderr],
    [
      1,
      'neomesh: --hosts, --host-id and --coordinator must come with --device cuda (got cpu): XLA has no collectives between ' +
        'processes on CPUs, and the workers of a TPU slice find each other\n',
    ],
  )
  const half = await train(['--hosts', '2', '--device', 'cuda'])
  assert.match(
    half.stderr,
    /^neomesh: the number of this host must be known .* Set --host-id or NEOMESH_HOST_ID on every host\n$/,
  )
  const open = await train([], { ...withSlurm, NEOMESH_CLUSTER_SECRET: undefined })
  assert.doesNotMatch(open.stderr, /host 1 of 2/)
  const cuda = await train(['--device', 'cuda'], { ...withSlurm, NEOMESH_CLUSTER_SECRET: undefined })
  assert.match(
    cuda.stderr,
    /^host 1 of 2, coordinator n1:61440 \(from SLURM_JOB_ID\)\nneomesh: the secret of a run over several hosts must have/,
  )
})

const withSlurm = {
  SLURM_JOB_ID: '4096',
  SLURM_NTASKS: '2',
  SLURM_NNODES: '2',
  SLURM_PROCID: '1',
  SLURM_JOB_NODELIST: 'n[1-2]',
}
