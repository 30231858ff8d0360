import { Option, type Command } from 'commander'
import { EngineError, findPlugin, openXla, PluginNotFoundError, type Engine } from '../engine/index.js'
import { UsageError } from './errors.js'

export const ENGINES = ['xla', 'tfjs', 'tfjs-node', 'tfjs-node-gpu'] as const
export type EngineName = (typeof ENGINES)[number]

export interface EngineOptions {
  readonly engine?: EngineName
  readonly device?: 'cpu' | 'cuda' | 'tpu'
  /** File of a compiled step. */
  readonly compiled?: string
}

const NO_PLUGIN =
  'no PJRT plugin is found, so TensorFlow.js runs this, several times slower than XLA would ' +
  '(`neomesh doctor` says how to install one)\n'

/** Adds the options that choose where programs run. */
export function withEngine(command: Command): Command {
  const engine = new Option(
    '--engine <name>',
    'what runs programs: XLA, TensorFlow.js, or that with its native library (default: xla where there is a PJRT ' +
      'plugin, else tfjs)',
  ).choices(ENGINES)
  const device = new Option('--device <kind>', 'where XLA runs them (default: cpu)').choices(['cpu', 'cuda', 'tpu'])
  return command.addOption(engine).addOption(device)
}

/**
 * Starts the engine of the options. Without a choice, and without a PJRT plugin for the CPU, that is TensorFlow.js, which
 * is said. Throws UsageError, PluginNotFoundError, EngineError.
 */
export async function openEngine({ engine, device, compiled }: EngineOptions, deviceCount = 1): Promise<Engine> {
  const name = engine ?? (device === undefined && !hasPlugin() ? 'tfjs' : 'xla')
  if (name === 'xla') return openXla({ platform: device ?? 'cpu', deviceCount, compiled })
  if (device !== undefined)
    throw new UsageError(
      `--device says where XLA runs programs, and has no meaning with --engine ${name}: leave it out`,
    )
  if (deviceCount > 1)
    throw new EngineError(`${deviceCount} devices are asked for, and TensorFlow.js is one: use --engine xla`)
  if (engine === undefined) process.stderr.write(NO_PLUGIN)
  return openTfjsEngine(name)
}

/** Loads TensorFlow.js, which nothing else needs. */
export async function openTfjsEngine(name: Exclude<EngineName, 'xla'>): Promise<Engine> {
  if (name === 'tfjs') return (await import('../engine/tfjs/engine.js')).openTfjs()
  return (await import('../engine/tfjs/native.js')).openNative(`@tensorflow/${name}`)
}

/** Whether there is a plugin for the CPU. One that the user names, and that is not there, is an error as ever. */
function hasPlugin(): boolean {
  try {
    findPlugin('cpu')
    return true
  } catch (error) {
    if (!(error instanceof PluginNotFoundError) || error.looked[0]?.startsWith('PJRT_PLUGIN')) throw error
    return false
  }
}
