/** Options of the commands that create TPUs. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { CloudError, MAX_HOURS, readFacts, WAIT_MINUTES, type Facts, type TpuOptions } from '../../cloud/index.js'
import { numberOption, repeatable } from '../options.js'

export interface PlaceOptions {
  readonly project?: string
}

export interface CreationOptions extends PlaceOptions {
  readonly tpu: string
  readonly zone: string[]
  readonly spot?: true
  readonly reserved?: true
  readonly reservation?: string
  readonly request: 'queued' | 'node'
  readonly runtime?: string
  readonly network?: string
  readonly subnetwork?: string
  readonly internalIp?: true
  readonly serviceAccount?: string
  readonly tag?: string[]
  readonly label?: Record<string, string>
  readonly disk?: string[]
  readonly maxHours: number
  readonly wait: number
  readonly prices?: string
  readonly dryRun?: true
}

export function withProject(command: Command): Command {
  return command.option(
    '--project <id>',
    'project of Google Cloud (default: GOOGLE_CLOUD_PROJECT, or that of the credentials)',
  )
}

export function withCreation(command: Command): Command {
  const request = new Option(
    '--request <how>',
    'wait in the queue of the service, or create a node at once or not at all',
  )
  const zones = new Option('--zones <zone>', 'another zone to try; as --zone').argParser(commaSeparated)
  return withProject(command)
    .requiredOption('--tpu <type>', 'type, such as v5litepod-8, v6e-4, v4-8 (required)')
    .option(
      '--zone <zone>',
      'zone, such as us-west4-a; repeatable or separated by commas, tried in this order',
      commaSeparated,
    )
    .addOption(zones)
    .option('--spot', 'spot: cheaper, and may be taken back at any time')
    .option('--reserved', 'from a reservation')
    .option('--reservation <name>', 'name of the reservation, for --reserved')
    .addOption(request.choices(['queued', 'node']).default('queued'))
    .option('--runtime <version>', 'runtime version: the image of the VMs (default: that of the type)')
    .option('--network <name>', 'network of the VMs')
    .option('--subnetwork <name>', 'subnetwork of the VMs')
    .option('--internal-ip', 'no external addresses; ssh to the internal ones')
    .option('--service-account <email>', "service account of the VMs (default: the project's)")
    .option('--tag <tag>', 'network tag; repeatable', repeatable)
    .option('--label <key=value>', 'label; repeatable', parseLabel)
    .option('--disk <disk>', 'persistent disk to attach, as projects/P/zones/Z/disks/NAME; repeatable', repeatable)
    .option(
      '--max-hours <hours>',
      'hours after which the TPU deletes itself',
      numberOption(0, 720, { exclude: 0 }),
      MAX_HOURS,
    )
    .option(
      '--wait <minutes>',
      'minutes to wait for capacity in a zone',
      numberOption(0, Infinity, { exclude: 0 }),
      WAIT_MINUTES,
    )
    .option('--prices <file>', 'JSON file with prices, zones and runtime versions, as in docs/tpu.md')
    .option('--dry-run', 'print every call and command, and make none')
}

export async function factsOf({ prices }: { readonly prices?: string }): Promise<Facts | undefined> {
  return prices === undefined ? undefined : readFacts(prices)
}

export async function tpuOptionsOf(options: CreationOptions & { readonly zones?: string[] }): Promise<TpuOptions> {
  const { spot, reserved, reservation, zone = [], zones = [] } = options
  if (spot && (reserved || reservation !== undefined))
    throw new CloudError('usage', '--spot cannot be combined with --reserved. Remove one of them')
  return {
    type: options.tpu,
    zones: [...new Set([...zone, ...zones])],
    tier: spot ? 'spot' : reserved || reservation !== undefined ? 'reserved' : 'on-demand',
    reservation,
    request: options.request,
    runtime: options.runtime,
    network: options.network,
    subnetwork: options.subnetwork,
    internalIp: options.internalIp,
    serviceAccount: options.serviceAccount,
    tags: options.tag,
    labels: options.label,
    disks: options.disk,
    maxHours: options.maxHours,
    facts: await factsOf(options),
  }
}

function commaSeparated(value: string, before: string[] = []): string[] {
  return [...before, ...value.split(',').map((each) => each.trim())]
}

function parseLabel(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? []
  if (key === undefined) throw new InvalidArgumentError('It must be key=value.')
  return { ...before, [key]: value }
}
