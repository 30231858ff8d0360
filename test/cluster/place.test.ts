import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPlace, type PlaceOptions } from '../../src/cluster/index.js'
import { firstNode } from '../../src/cluster/place.js'

type Environment = Record<string, string | undefined>
const placeOf = (env: Environment, options: PlaceOptions = {}) => {
  const found = findPlace(options, env)
  return found && `${found.host}/${found.hosts} ${found.coordinator} ${found.source}`
}

const OWN = { NEOMESH_HOSTS: '4', NEOMESH_HOST_ID: '3', NEOMESH_COORDINATOR: 'node0:29500' }
const SLURM = {
  SLURM_JOB_ID: '8195',
  SLURM_NTASKS: '16',
  SLURM_NNODES: '16',
  SLURM_PROCID: '5',
  SLURM_STEP_NODELIST: 'gpu[007-020,031],login1',
}
const TORCH = { MASTER_ADDR: 'head', MASTER_PORT: '1234', WORLD_SIZE: '8', RANK: '7', LOCAL_WORLD_SIZE: '1' }
const MPI = { OMPI_COMM_WORLD_SIZE: '2', OMPI_COMM_WORLD_RANK: '1', NEOMESH_COORDINATOR: 'a:1' }

test('one host: nothing names several', () => {
  for (const env of [{}, { NEOMESH_HOSTS: '1' }, { ...TORCH, WORLD_SIZE: '1', RANK: '0' }, { SLURM_JOB_ID: '7' }])
    assert.equal(placeOf(env), null, JSON.stringify(env))
  assert.equal(placeOf({}, { hosts: 1 }), null)
  assert.equal(placeOf({ ...SLURM, SLURM_NTASKS: '1', SLURM_PROCID: '0' }), null)
})

test('options, our variables, torchrun, Slurm, MPI and indices of Kubernetes, in this order', () => {
  assert.equal(placeOf({}, { hosts: 2, hostId: 1, coordinator: '[fe80::1]:80' }), '1/2 [fe80::1]:80 options')
  assert.equal(placeOf({ ...OWN, ...TORCH }), '3/4 node0:29500 NEOMESH_HOSTS')
  assert.equal(placeOf(OWN, { hostId: 0 }), '0/4 node0:29500 options')
  assert.equal(
    placeOf({ NEOMESH_HOSTS: '4', NEOMESH_COORDINATOR: 'train-0.train:29500', JOB_COMPLETION_INDEX: '2' }),
    '2/4 train-0.train:29500 NEOMESH_HOSTS',
  )
  assert.equal(placeOf({ ...TORCH, ...SLURM }), '7/8 head:1234 MASTER_ADDR')
  assert.equal(placeOf({ ...TORCH, TORCHELASTIC_RUN_ID: 'x' }), '7/8 head:1235 MASTER_ADDR')
  assert.equal(placeOf({ ...TORCH, MASTER_ADDR: '::1' }), '7/8 [::1]:1234 MASTER_ADDR')
  assert.equal(placeOf(SLURM), '5/16 gpu007:61443 SLURM_JOB_ID')
  assert.equal(
    placeOf({ ...SLURM, SLURM_STEP_NUM_TASKS: '8', SLURM_STEP_NUM_NODES: '8' }),
    '5/8 gpu007:61443 SLURM_JOB_ID',
  )
  assert.equal(placeOf(MPI), '1/2 a:1 OMPI_COMM_WORLD_SIZE')
  assert.equal(placeOf({ PMI_SIZE: '3', PMI_RANK: '0', NEOMESH_COORDINATOR: 'a:1' }), '0/3 a:1 PMI_SIZE')
})

test('lists of nodes as Slurm writes them', () => {
  const lists = { a1: 'a1', 'a1,b': 'a1', 'n[3]': 'n3', 'n[01-04,9]-ib,x': 'n01-ib', 'rack-2-n[10,12]': 'rack-2-n10' }
  for (const [list, first] of Object.entries(lists)) assert.equal(firstNode(list), first)
  for (const list of ['', ',a', '[1-2]']) assert.throws(() => firstNode(list), { name: 'ClusterError' })
})

test('what is incomplete or contradicts itself is refused in one line', () => {
  const cases: [Environment, PlaceOptions, string][] = [
    [
      {},
      { hosts: 2 },
      'the number of this host must be known for a run over several hosts (got none). Set --host-id or NEOMESH_HOST_ID on every host',
    ],
    [
      {},
      { hosts: 2, hostId: 0 },
      'the address of the coordinator must be known for a run over several hosts (got none). Set --coordinator',
    ],
    [{}, { hostId: 1, coordinator: 'a:1' }, 'the number of hosts must be known'],
    [
      {},
      { hosts: 2, hostId: 2, coordinator: 'a:1' },
      'the number of this host must be from 0 to 1 (got 2, from options)',
    ],
    [
      {},
      { hosts: 2, hostId: 0, coordinator: 'a' },
      'the coordinator must be an address and a port, such as 10.0.0.1:29500 (got "a")',
    ],
    [{}, { hosts: 2, hostId: 0, coordinator: 'http://a:1' }, 'the coordinator must be'],
    [{}, { hosts: 2, hostId: 0, coordinator: 'a:70000' }, 'the coordinator must be'],
    [{ ...OWN, NEOMESH_HOSTS: 'four' }, {}, 'NEOMESH_HOSTS must be an integer >= 1 (got "four")'],
    [{ ...OWN, NEOMESH_HOST_ID: '-1' }, {}, 'NEOMESH_HOST_ID must be an integer >= 0 (got "-1")'],
    [
      { ...TORCH, LOCAL_WORLD_SIZE: '8' },
      {},
      'torchrun must start one process per host, which uses all of its GPUs (got 8, from LOCAL_WORLD_SIZE). Pass --nproc-per-node 1',
    ],
    [
      { ...SLURM, SLURM_NTASKS: '32' },
      {},
      'Slurm must start one process per host, which uses all of its GPUs (got 32 tasks on 16 nodes). Pass --ntasks-per-node=1',
    ],
    [{ ...MPI, OMPI_COMM_WORLD_LOCAL_SIZE: '4' }, {}, 'mpirun must start one process per host'],
    [{ OMPI_COMM_WORLD_SIZE: '2', OMPI_COMM_WORLD_RANK: '1' }, {}, 'the address of the coordinator must be known'],
  ]
  for (const [env, options, message] of cases)
    assert.throws(
      () => findPlace(options, env),
      (error: Error) =>
        error.name === 'ClusterError' && error.message.startsWith(message) && !error.message.includes('\n'),
      message,
    )
})
