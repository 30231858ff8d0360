import type { Command } from 'commander'
import type { ModelConfig } from '../config/index.js'
import type { Engine } from '../engine/index.js'
import { parseMesh, parsePlacement, showMesh } from '../mesh/index.js'
import { UsageError } from './errors.js'
import { whole } from './options.js'

export interface MeshOptions {
  readonly mesh?: string
  readonly layout?: string
  readonly parameterLayout?: string
  readonly devices?: number
}

/** Adds the options that lay a model over a mesh of devices. */
export function withMesh(command: Command): Command {
  return command
    .option('--mesh <axes>', "mesh of devices, such as x:4,y:2 (mesh_shape in place of the config's)")
    .option('--layout <rules>', "dims split over axes, such as batch:x,heads:y (layout in place of the config's)")
    .option('--parameter-layout <rules>', 'further rules for stored parameters and optimizer state, such as embd:x')
    .option('--devices <count>', 'devices; on a CPU virtual ones (default: those of --mesh, else 1)', whole(1))
}

/** The config keys that the options stand for; undefined where one is not given. */
export function meshKeys({ mesh, layout, parameterLayout }: MeshOptions) {
  return { mesh_shape: mesh, layout, parameter_layout: parameterLayout }
}

/** Devices to start the engine with. Throws UsageError if the mesh, the options' or else the config's, is of others. */
export function deviceCountOf({ mesh, devices }: MeshOptions, config: ModelConfig): number {
  const { size } = parseMesh(config.mesh_shape)
  if (devices === undefined) return mesh === undefined ? 1 : size
  if (devices !== size) {
    const what = size === 1 ? 'one device' : `${size} devices, ${config.mesh_shape}`
    throw new UsageError(`--devices is ${devices}, and the mesh is of ${what}: name one of ${devices} by --mesh`)
  }
  return devices
}

/**
 * The engine with the config's mesh over its devices. A mesh of another size than there are devices is left alone, unless
 * the options ask for one or the other: then EngineError.
 */
export function onMesh(engine: Engine, config: ModelConfig, { mesh, devices }: MeshOptions): Engine {
  const placement = parsePlacement(config.mesh_shape, config.layout, config.parameter_layout)
  const { size } = placement.mesh
  const asked = mesh !== undefined || devices !== undefined
  if (size === engine.deviceCount || asked) return engine.withPlacement(placement)
  if (size > 1)
    process.stderr.write(
      `mesh_shape ${showMesh(placement.mesh)} asks for ${size} devices; one of ${engine.deviceCount} is used: ` +
        '--devices or --mesh asks for more\n',
    )
  return engine
}
