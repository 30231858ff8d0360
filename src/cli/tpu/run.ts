/** Commands that use a TPU: run, ssh. */
import { spawnSync } from 'node:child_process'
import { Command, InvalidArgumentError } from 'commander'
import { runOnTpu, sshCommand } from '../../cloud/index.js'
import { integerOption } from '../options.js'
import { stopSignals } from './signals.js'
import { withProject, type PlaceOptions } from './options.js'

interface Options extends PlaceOptions {
  readonly zone?: string
  readonly worker?: 'all' | number
  readonly internalIp?: true
}

function withWorker(command: Command): Command {
  return withProject(command)
    .option('--zone <zone>', 'its zone (default: all zones are searched)')
    .option('--internal-ip', 'use the internal addresses')
}

export function runCommand(): Command {
  return withWorker(
    new Command('run')
      .description('run a command on all workers of a TPU, or on one; the first failure ends it on all')
      .argument('<name>', 'name of the TPU')
      .argument('<command...>', 'command for the shell of the worker, after --')
      .option('--worker <index>', 'index of a worker from 0, or all', parseWorker, 'all'),
  ).action(async (name: string, words: string[], { zone, worker, internalIp, project }: Options) => {
    const { signal, done } = stopSignals()
    try {
      const onLine = (line: string, { index, of }: { index: number; of: number }, stream: 'stdout' | 'stderr') =>
        void process[stream].write(`${of === 1 ? '' : `worker ${index}: `}${line}\n`)
      const workers = typeof worker === 'number' ? [worker] : undefined
      await runOnTpu({ name, zone, project, internalIp, workers, command: words.join(' '), onLine, signal })
    } finally {
      done()
    }
  })
}

export function sshToCommand(): Command {
  return withWorker(
    new Command('ssh')
      .description('open a shell on a worker of a TPU')
      .argument('<name>', 'name of the TPU')
      .option('--worker <index>', 'index of the worker', integerOption(0), 0),
  ).action(async (name: string, { zone, worker, internalIp, project }: Options) => {
    const [program, ...args] = await sshCommand({ name, zone, project, internalIp, workers: [Number(worker)] })
    process.exitCode = spawnSync(program, args, { stdio: 'inherit' }).status ?? 1
  })
}

function parseWorker(text: string): 'all' | number {
  if (text === 'all') return text
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be "all" or an integer >= 0.')
  return Number(text)
}
