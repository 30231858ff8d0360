import type { Command } from 'commander'
import { Option } from 'commander'
import { openXla, type Engine } from '../engine/index.js'

export interface EngineOptions {
  readonly device: 'cpu' | 'cuda' | 'tpu'
}

/** Adds the options that choose where programs run. */
export function withEngine(command: Command): Command {
  const device = new Option('--device <kind>', 'what runs the programs').choices(['cpu', 'cuda', 'tpu']).default('cpu')
  return command.addOption(device)
}

export function openEngine({ device }: EngineOptions, deviceCount = 1): Promise<Engine> {
  return openXla({ platform: device, deviceCount })
}
