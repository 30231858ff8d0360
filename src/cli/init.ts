import { Command } from 'commander'
import { createProject } from '../setup/index.js'

export function initCommand(): Command {
  return new Command('init')
    .description('create a project: package.json, tsconfig.json, the lessons, configs, an example')
    .argument('<folder>', 'a new folder')
    .action(async (folder: string) => {
      await createProject(folder)
      process.stdout.write(`created ${folder}. Next:\n  cd ${folder}\n  npm run setup\n  npm run lab\n`)
    })
}
