import { InvalidArgumentError, Option, type Command } from 'commander'
import {
  ENGINES,
  FORMER_HOST,
  openEngine as open,
  PLATFORMS,
  type Engine,
  type KeyValues,
  type Platform,
} from '../engine/index.js'

export type EngineName = (typeof ENGINES)[number]

export interface EngineOptions {
  readonly engine?: EngineName
  readonly device?: Platform
  /** File of a compiled training step. */
  readonly compiled?: string
  /** The store of a run over several hosts. */
  readonly keyValues?: KeyValues
}

/** Adds the options that select the engine and the device. */
export function withEngine(command: Command): Command {
  const engine = new Option(
    '--engine <name>',
    'what runs programs: XLA, JavaScript (host), or TensorFlow with TensorFlow.js (default: xla where there is a ' +
      'PJRT plugin, else host)',
  )
    .choices(ENGINES)
    .argParser(parseEngine)
  const device = new Option('--device <kind>', 'where XLA runs them (default: cpu)').choices(PLATFORMS)
  return command.addOption(engine).addOption(device)
}

/** The engine of an option. `tfjs` is the former name of host, noted once. */
function parseEngine(value: string): EngineName {
  if (value === FORMER_HOST) {
    process.stderr.write('the engine tfjs is now called host; --engine tfjs will go in the next version\n')
    return 'host'
  }
  if (ENGINES.some((name) => name === value)) return value as EngineName
  throw new InvalidArgumentError(`Allowed choices are ${ENGINES.join(', ')}.`)
}

/** Starts the engine of the options; a fallback is reported. Throws PluginNotFoundError, EngineError. */
export async function openEngine(options: EngineOptions, deviceCount = 1): Promise<Engine> {
  return open({ ...options, deviceCount, onFallback: (reason) => process.stderr.write(`${reason}\n`) })
}
