import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { dataCommand } from './data.js'
import { demoCommand } from './demo.js'
import { report } from './errors.js'
import { sampleCommand } from './sample.js'
import { tokenizerCommand } from './tokenizer.js'
import { trainCommand } from './train.js'

/** Runs the command line; sets the exit status. */
export async function run(args: readonly string[]): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  const program = new Command('neomesh')
    .description('GPT-Neo for TypeScript: a tokenizer, data, a config, training and sampling')
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError('(neomesh COMMAND --help tells more)')
  for (const command of [tokenizerCommand(), dataCommand(), trainCommand(), sampleCommand(), demoCommand()]) program.addCommand(command)
  inherit(program)
  try {
    await program.parseAsync(args as string[], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else report(error)
  }
}

/** Errors are thrown rather than ending the process, so that output is written out. */
function inherit(command: Command): void {
  command.exitOverride()
  for (const each of command.commands) {
    each.copyInheritedSettings(command)
    inherit(each)
  }
}
