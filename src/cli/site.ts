/** `neomesh site`: the lessons as a static site. */
import { Command } from 'commander'
import { writeSite } from '../setup/index.js'

export function siteCommand(): Command {
  return new Command('site')
    .description('write the lessons as a static site, which runs them in the browser')
    .argument('<folder>', 'folder to write; a site that is there is replaced')
    .action(async (folder: string) => {
      const { files, bytes } = await writeSite(folder)
      process.stdout.write(
        `wrote ${folder}: ${files} files, ${(bytes / 1e6).toFixed(0)} MB\n` +
          `to view it: python3 -m http.server --directory ${folder}\n`,
      )
    })
}
