import { Option, type Command } from 'commander'
import { ENGINES, openEngine as open, type Engine, type EngineName } from '../engine/index.js'

export type { EngineName }

export interface EngineOptions {
  readonly engine?: EngineName
  readonly device?: 'cpu' | 'cuda' | 'tpu'
  /** File of a compiled step. */
  readonly compiled?: string
}

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

/** Starts the engine of the options; a fallback is reported. Throws PluginNotFoundError, EngineError. */
export async function openEngine(options: EngineOptions, deviceCount = 1): Promise<Engine> {
  return open({ ...options, deviceCount, onFallback: (reason) => process.stderr.write(`${reason}\n`) })
}
