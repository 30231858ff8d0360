/** Commands that change nothing: list, describe, zones. */
import { Command } from 'commander'
import { acceleratorOf, describeTpu, FACTS, FACTS_AS_OF, listTpus, type ListedTpu } from '../../cloud/index.js'
import { duration, fixed, textTable } from '../../text/index.js'
import { factsOf, withProject, type PlaceOptions } from './options.js'

interface ListOptions extends PlaceOptions {
  readonly zone?: string
  readonly mine?: true
  readonly json?: true
  readonly prices?: string
}

export function listCommand(): Command {
  return withProject(
    new Command('list')
      .description('list TPUs and requests with state, age and cost so far, and what only holds quota')
      .option('--mine', 'only those that neomesh created')
      .option('--zone <zone>', 'one zone')
      .option('--all-zones', 'all zones (the default)')
      .option('--prices <file>', 'JSON file with prices, as in docs/tpu.md')
      .option('--json', 'print as JSON'),
  ).action(async (options: ListOptions) => {
    const { project, zone, mine } = options
    const found = await listTpus({ project, zone, mine, facts: await factsOf(options) })
    if (options.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
    else if (found.length === 0) process.stdout.write('no TPUs and no requests\n')
    else {
      process.stdout.write(textTable([['name', 'zone', 'type', 'state', 'age', 'cost', ''], ...found.map(row)]))
      process.stdout.write(`\ncost: at most, by prices on demand of ${FACTS_AS_OF}\n`)
    }
  })
}

function row({ name, zone, type, state, tier, age, cost, remark, isOurs, run }: ListedTpu): string[] {
  const owner = isOurs ? (run === name ? '' : `of ${run}`) : 'not of neomesh'
  return [
    name,
    zone,
    `${type}${tier === '' || tier === 'on-demand' ? '' : ` ${tier}`}`,
    state,
    age === null ? '' : duration(age),
    cost === null ? '' : `${fixed(cost, 2)} USD`,
    [owner, remark].filter((text) => text !== '').join('; '),
  ]
}

export function describeCommand(): Command {
  return withProject(
    new Command('describe')
      .description('print all that the service reports about a TPU and its request, as JSON')
      .argument('<name>', 'name of a TPU or of a request')
      .option('--zone <zone>', 'its zone (default: all zones are searched)'),
  ).action(async (name: string, { zone, project }: PlaceOptions & { readonly zone?: string }) => {
    const found = await describeTpu({ name, zone, project })
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  })
}

export function zonesCommand(): Command {
  return new Command('zones')
    .description('list the zones that offer a type, with its price and runtime version (no call is made)')
    .argument('<type>', 'type, such as v5litepod-8')
    .option('--prices <file>', 'JSON file with prices, zones and runtime versions, as in docs/tpu.md')
    .action(async (type: string, options: { readonly prices?: string }) => {
      const { topology, facts, workers, pricePerHour } = acceleratorOf(type, (await factsOf(options)) ?? FACTS)
      const lines = [
        `${topology.name}: ${topology.chips} chips, ${topology.devices} devices, ${workers === 1 ? '1 worker' : `${workers} workers`}`,
        `runtime version: ${facts.runtime}`,
        `price: about ${fixed(pricePerHour, 2)} USD per hour on demand (${FACTS_AS_OF}; spot costs less)`,
        'zones:',
        ...facts.zones.map((zone) => `  ${zone}`),
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })
}
