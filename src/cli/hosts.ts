/** The options of a run over several hosts. */
import { Option, type Command } from 'commander'
import { Cluster, ClusterError, findPlace } from '../cluster/index.js'
import type { EngineOptions } from './engine.js'
import { report, UsageError } from './errors.js'
import { integerOption } from './options.js'

export interface HostOptions {
  readonly hosts?: number
  readonly hostId?: number
  readonly coordinator?: string
}

/** Environment variable of what only the run's hosts know. */
const SECRET = 'NEOMESH_CLUSTER_SECRET'

export function withHosts(command: Command): Command {
  return command
    .option(
      '--hosts <count>',
      'number of hosts with GPUs, of each of which this command uses all (default: as Slurm, MPI, Kubernetes or torchrun have it)',
      integerOption(1),
    )
    .option('--host-id <number>', 'number of this host, from 0', integerOption(0))
    .addOption(new Option('--coordinator <address>', 'address and port of host 0, such as 10.0.0.1:29500'))
}

/**
 * Joins the run over several hosts that the options, or with --device cuda the variables of a scheduler, describe; null for a
 * run on one. The end of another host ends this process. Throws RangeError, ClusterError.
 */
export async function joinHosts(options: HostOptions & EngineOptions): Promise<Cluster | null> {
  const named = options.hosts !== undefined || options.hostId !== undefined || options.coordinator !== undefined
  if (named && options.device !== 'cuda')
    throw new UsageError(
      `--hosts, --host-id and --coordinator must come with --device cuda (got ${options.device ?? 'cpu'}): XLA has no ` +
        'collectives between processes on CPUs, and the workers of a TPU slice find each other',
    )
  const place = named || options.device === 'cuda' ? findPlace(options) : null
  if (place === null) return null
  process.stderr.write(
    `host ${place.host} of ${place.hosts}, coordinator ${place.coordinator} (from ${place.source})\n`,
  )
  return Cluster.join(place, {
    secret: process.env[SECRET],
    onFailure(reason) {
      report(new ClusterError(reason))
      // Programs that wait for the lost host never end.
      process.exit(1)
    },
  })
}
