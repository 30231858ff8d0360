import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { endWithParent, PARENT } from '../files/end-with-parent.js'
import { commandNamed, COMMANDS } from './commands.js'
import { report } from './errors.js'
import { guardProcess } from './guard.js'

/** Runs the command line as the whole of this process. */
export async function start(args: readonly string[]): Promise<void> {
  guardProcess()
  const { [PARENT]: parent } = process.env
  delete process.env[PARENT] // it is not the parent of this process's children
  if (parent !== undefined) await endWithParent(Number(parent))
  await run(args)
}

/** Runs the command line; sets the exit status. */
export async function run(args: readonly string[]): Promise<void> {
  const packageFile = new URL('../../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
  const program = new Command('neomesh')
    .description('GPT-Neo for TypeScript: tokenizers, data, configs, training and sampling')
    .version(version)
    .showSuggestionAfterError()
    .addHelpText('after', ENVIRONMENT)
  const named = commandNamed(args)
  for (const [name, { description, load }] of Object.entries(COMMANDS))
    program.addCommand(name === named ? await load(version) : new Command(name).description(description))
  inherit(program, 'neomesh')
  program.configureHelp({ subcommandTerm: (command) => COMMANDS[command.name()]?.term ?? HELP_TERM })
  try {
    await program.parseAsync(args as string[], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else report(error)
  }
}

/** Commander's own command. */
const HELP_TERM = 'help [command]'

const ENVIRONMENT = `
Environment:
  NEOMESH_API_KEY          key that clients of neomesh serve must send
  NEOMESH_CACHE            folder of the compilation cache, or off (default: ~/.cache/neomesh)
  NEOMESH_DEBUG            comma-separated debug topics: program, hlo, compile, memory, data, xla, stack
  PJRT_PLUGIN_LIBRARY_PATH the PJRT plugin to use (default: that of .venv, or of the python on PATH)`

/** Errors are thrown rather than ending the process, so that output is written out; each is one line. */
function inherit(command: Command, path: string): void {
  command.exitOverride()
  command.configureOutput({
    outputError(text, write) {
      const [what, ...more] = text
        .trim()
        .replace(/^error: /, '')
        .split('\n')
        .filter((line) => line !== '')
      const suggestion = more.map((line) => ` ${line}`).join('')
      write(`neomesh: ${what}${suggestion} (see ${path} --help)\n`)
    },
  })
  for (const each of command.commands) inherit(each.copyInheritedSettings(command), `${path} ${each.name()}`)
}
