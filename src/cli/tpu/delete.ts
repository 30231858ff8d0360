import { Command } from 'commander'
import { CloudError, deleteTpu } from '../../cloud/index.js'
import { plural } from '../../text/index.js'
import { print } from './create.js'
import { withProject, type PlaceOptions } from './options.js'

interface Options extends PlaceOptions {
  readonly zone?: string
  readonly mine?: true
}

export function deleteCommand(): Command {
  return withProject(
    new Command('delete')
      .description('delete a TPU with its request, and prove that nothing of it is left')
      .argument('[name]', 'name of a TPU, of a request or of a training run')
      .option('--zone <zone>', 'its zone (default: all zones are searched)')
      .option('--mine', 'everything that neomesh created in the project'),
  ).action(async (name: string | undefined, { zone, mine, project }: Options) => {
    if ((name === undefined) !== (mine === true))
      throw new CloudError('usage', 'delete needs the name of a TPU, or --mine for all of neomesh. Give one of them')
    const deleted = await deleteTpu({ name, zone, all: mine === true, project, onEvent: print })
    process.stdout.write(
      deleted.length === 0
        ? 'nothing to delete\n'
        : `deleted ${plural(deleted.length, 'resource')}; nothing of ${name ?? 'neomesh'} is left\n`,
    )
  })
}
