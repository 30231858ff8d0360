import type { Command } from 'commander'
import type { ModelConfig } from '../config/index.js'
import type { Engine } from '../engine/index.js'
import { parseMesh, parsePlacement, showMesh } from '../mesh/index.js'
import { UsageError } from './errors.js'
import { integerOption } from './options.js'

export interface MeshOptions {
  readonly mesh?: string
  readonly layout?: string
  readonly parameterLayout?: string
  readonly devices?: number
}

/** Adds the options that place a model on a device mesh. */
export function withMesh(command: Command): Command {
  return command
    .option('--mesh <axes>', 'device mesh, such as x:4,y:2 (override mesh_shape)')
    .option('--layout <rules>', 'dims split over mesh axes, such as batch:x,heads:y (override layout)')
    .option(
      '--parameter-layout <rules>',
      'further rules for stored parameters and optimizer state, such as embd:x (override parameter_layout)',
    )
    .option(
      '--devices <count>',
      'number of devices, on a CPU virtual ones (default: those of --mesh, else 1)',
      integerOption(1),
    )
}

/** The config keys that the options override; undefined for options not given. */
export function meshKeys({ mesh, layout, parameterLayout }: MeshOptions) {
  return { mesh_shape: mesh, layout, parameter_layout: parameterLayout }
}

/** The number of devices to start the engine with. Throws UsageError if --devices and the size of the mesh differ. */
export function deviceCountOf({ mesh, devices }: MeshOptions, config: ModelConfig): number {
  const { size } = parseMesh(config.mesh_shape)
  if (devices === undefined) return mesh === undefined ? 1 : size
  if (devices !== size) {
    const what = size === 1 ? '1' : `${size} (${config.mesh_shape})`
    throw new UsageError(
      `--devices must be the size of the mesh, ${what} (got ${devices}). Pass a mesh of ${devices} devices with --mesh`,
    )
  }
  return devices
}

/**
 * The engine with the config's mesh over its devices. A mesh of another size than the number of devices is ignored, unless
 * the options name one or the other: then EngineError.
 */
export function onMesh(engine: Engine, config: ModelConfig, { mesh, devices }: MeshOptions): Engine {
  const placement = parsePlacement(config.mesh_shape, config.layout, config.parameter_layout)
  const { size } = placement.mesh
  const named = mesh !== undefined || devices !== undefined
  if (size === engine.deviceCount || named) return engine.withPlacement(placement)
  if (size > 1)
    process.stderr.write(
      `mesh_shape ${showMesh(placement.mesh)} is for ${size} devices; using ${engine.deviceCount}. ` +
        'Use more with --devices or --mesh\n',
    )
  return engine
}
