import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { ablateCommand } from './ablate.js'
import { configCommand } from './config.js'
import { exportCommand, importCommand } from './convert.js'
import { dataCommand } from './data.js'
import { demoCommand } from './demo.js'
import { doctorCommand } from './doctor.js'
import { report } from './errors.js'
import { evalCommand } from './eval.js'
import { endWithParent, PARENT } from '../files/index.js'
import { guardProcess } from './guard.js'
import { initCommand } from './init.js'
import { kernelCommand, labCommand } from './notebooks.js'
import { planCommand } from './plan.js'
import { sampleCommand } from './sample.js'
import { serveCommand } from './serve.js'
import { setupCommand } from './setup.js'
import { tokenizerCommand } from './tokenizer.js'
import { tpuCommand } from './tpu/index.js'
import { trainCommand } from './train.js'

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
  const commands = [
    tokenizerCommand(),
    dataCommand(),
    configCommand(),
    planCommand(),
    trainCommand(),
    tpuCommand(),
    sampleCommand(),
    evalCommand(),
    serveCommand(),
    importCommand(),
    exportCommand(),
    ablateCommand(),
    demoCommand(),
    initCommand(),
    setupCommand(),
    kernelCommand(),
    labCommand(),
    doctorCommand(version),
  ]
  for (const command of commands) program.addCommand(command)
  inherit(program, 'neomesh')
  try {
    await program.parseAsync(args as string[], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else report(error)
  }
}

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
