/** Which host of a run this is: from options, or from the variables that schedulers set. */
import { ClusterError, parseAddress } from './member.js'

export interface Place {
  /** Number of hosts. */
  readonly hosts: number
  /** Number of this host, from 0. */
  readonly host: number
  /** Address and port of host 0, where the coordinator is. */
  readonly coordinator: string
  /** What it was read from, for people. */
  readonly source: string
}

export interface PlaceOptions {
  readonly hosts?: number
  readonly hostId?: number
  readonly coordinator?: string
}

type Environment = Readonly<Record<string, string | undefined>>
type Found = Partial<Omit<Place, 'source'>> & { readonly source: string }

/** Port of the coordinator where nothing names one. */
const PORT = 29_500

/**
 * The place of this process in a run over several hosts; null in a run on one. Options come first, then the first of
 * NEOMESH_HOSTS, torchrun's variables, Slurm's and MPI's that is there; in a Kubernetes Job with indices the index is the
 * host's number. Throws ClusterError for what contradicts itself or is incomplete.
 */
export function findPlace(options: PlaceOptions = {}, env: Environment = process.env): Place | null {
  const given = [ownVariables, torchVariables, slurmVariables, mpiVariables].map((read) => read(env)).find(Boolean)
  const hosts = options.hosts ?? given?.hosts
  const host = options.hostId ?? given?.host ?? optionalInteger(env, 'JOB_COMPLETION_INDEX', 0)
  const coordinator = options.coordinator ?? given?.coordinator
  const named = options.hosts !== undefined || options.hostId !== undefined || options.coordinator !== undefined
  const source = named ? 'options' : (given?.source ?? 'none')
  if (!named && (given === undefined || hosts === 1)) return null
  if (hosts === undefined) throw incomplete('the number of hosts', '--hosts or NEOMESH_HOSTS')
  if (!Number.isSafeInteger(hosts) || hosts < 1) throw new ClusterError(`hosts must be an integer >= 1 (got ${hosts})`)
  if (hosts === 1) return null
  if (host === undefined) throw incomplete('the number of this host', '--host-id or NEOMESH_HOST_ID')
  if (!Number.isSafeInteger(host) || host < 0 || host >= hosts)
    throw new ClusterError(`the number of this host must be from 0 to ${hosts - 1} (got ${host}, from ${source})`)
  if (coordinator === undefined)
    throw incomplete(
      'the address of the coordinator',
      '--coordinator or NEOMESH_COORDINATOR to host 0, such as 10.0.0.1:29500,',
    )
  parseAddress(coordinator)
  return { hosts, host, coordinator, source }
}

function incomplete(what: string, where: string): ClusterError {
  return new ClusterError(`${what} must be known for a run over several hosts (got none). Set ${where} on every host`)
}

function ownVariables(env: Environment): Found | undefined {
  if (!env.NEOMESH_HOSTS) return undefined
  return {
    hosts: optionalInteger(env, 'NEOMESH_HOSTS', 1),
    host: optionalInteger(env, 'NEOMESH_HOST_ID', 0),
    coordinator: env.NEOMESH_COORDINATOR || undefined,
    source: 'NEOMESH_HOSTS',
  }
}

/** Of torchrun, and of what sets the same (Kubeflow's PyTorchJob). torchrun itself listens on MASTER_PORT. */
function torchVariables(env: Environment): Found | undefined {
  const { MASTER_ADDR: address, TORCHELASTIC_RUN_ID: elastic } = env
  if (!address || !env.WORLD_SIZE || !env.RANK) return undefined
  oneProcessPerHost(env, 'LOCAL_WORLD_SIZE', 'torchrun', '--nproc-per-node 1')
  const port = (optionalInteger(env, 'MASTER_PORT', 1) ?? PORT) + (elastic === undefined ? 0 : 1)
  return {
    hosts: optionalInteger(env, 'WORLD_SIZE', 1),
    host: optionalInteger(env, 'RANK', 0),
    coordinator: withPort(address, port),
    source: 'MASTER_ADDR',
  }
}

/** Of a step that srun started. The port is a function of the job, so that two jobs can share a host. */
function slurmVariables(env: Environment): Found | undefined {
  const job = optionalInteger(env, 'SLURM_JOB_ID', 0)
  const tasks = optionalInteger(env, env.SLURM_STEP_NUM_TASKS ? 'SLURM_STEP_NUM_TASKS' : 'SLURM_NTASKS', 1)
  const task = optionalInteger(env, 'SLURM_PROCID', 0)
  const nodes = env.SLURM_STEP_NODELIST || env.SLURM_JOB_NODELIST
  if (job === undefined || tasks === undefined || task === undefined || !nodes) return undefined
  const count = optionalInteger(env, env.SLURM_STEP_NUM_NODES ? 'SLURM_STEP_NUM_NODES' : 'SLURM_NNODES', 1)
  if (count !== undefined && tasks > count && tasks > 1)
    throw new ClusterError(
      `Slurm must start one process per host, which uses all of its GPUs (got ${tasks} tasks on ${count} nodes). ` +
        'Pass --ntasks-per-node=1',
    )
  return {
    hosts: tasks,
    host: task,
    coordinator: withPort(firstNode(nodes), 61_440 + (job % 4096)),
    source: 'SLURM_JOB_ID',
  }
}

/** Of mpirun (Open MPI, MPICH, Intel MPI), which has no address of host 0 that could be reached. */
function mpiVariables(env: Environment): Found | undefined {
  const [size, rank, local] = env.OMPI_COMM_WORLD_SIZE
    ? ['OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_LOCAL_SIZE']
    : ['PMI_SIZE', 'PMI_RANK', 'MPI_LOCALNRANKS']
  if (!env[size] || !env[rank]) return undefined
  oneProcessPerHost(env, local, 'mpirun', '-npernode 1 (or -ppn 1)')
  return {
    hosts: optionalInteger(env, size, 1),
    host: optionalInteger(env, rank, 0),
    coordinator: env.NEOMESH_COORDINATOR || undefined,
    source: size,
  }
}

function oneProcessPerHost(env: Environment, name: string, starter: string, option: string): void {
  const local = optionalInteger(env, name, 1) ?? 1
  if (local > 1)
    throw new ClusterError(
      `${starter} must start one process per host, which uses all of its GPUs (got ${local}, from ${name}). Pass ${option}`,
    )
}

function optionalInteger(env: Environment, name: string, low: number): number | undefined {
  const text = env[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < low)
    throw new ClusterError(`${name} must be an integer >= ${low} (got ${JSON.stringify(text)})`)
  return value
}

const withPort = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** The first host of a list as Slurm writes it: `a[003-005,7],b` is a003. */
export function firstNode(list: string): string {
  const found = /^([^[,\s]+)(?:\[(\d+)[^\]]*\]([^,[\s]*))?(?:,|$)/.exec(list)
  if (!found)
    throw new ClusterError(`the list of Slurm's nodes must begin with the name of one (got ${JSON.stringify(list)})`)
  return found[1] + (found[2] ?? '') + (found[3] ?? '')
}
