/**
 * Compiling for devices that are not here: whether a program fits a TPU slice, and what it costs there, from XLA's
 * own compiler. libtpu does it on any Linux machine; the CPU plugin does not.
 */
import { CompiledProgram } from './compiled.js'
import { compileArguments, type CompileOptions } from './compile-options.js'
import { describeDevice, type DeviceDescription } from './device.js'
import { PjrtError } from './error.js'
import { closed, opened } from './handles.js'
import { pinText } from './memory.js'
import { writeNamedValues, type NamedValue } from './named-values.js'
import type { Plugin } from './plugin.js'

/**
 * @param name as in `v5e:4x4`, `v4:2x2x1`, `v5:2x2x1` (v5p), `v6e:2x2`, `tpu7x:2x2x1`
 * @param options as in `chips_per_host_bounds: [2, 2, 1]`, `chip_config_name: 'megacore'`, `num_slices: 2`
 * @throws PjrtError for a name or option that the plugin does not know
 */
export function createTopology(plugin: Plugin, name: string, options: Record<string, NamedValue> = {}): Topology {
  const text = pinText(name)
  const list = writeNamedValues(options)
  return new Topology(
    plugin,
    name,
    plugin
      .call('TopologyDescription_Create', {
        topology_name: text,
        topology_name_size: text.array.byteLength,
        create_options: list,
        num_options: list.count,
      })
      .word('topology'),
  )
}

export class Topology {
  /** All devices of the slice; on v2 to v4 a chip is two of them, unless `megacore` joins them. */
  readonly devices: readonly DeviceDescription[]
  private alive = true

  /** @param handle a PJRT_TopologyDescription, owned from now on */
  constructor(
    readonly plugin: Plugin,
    readonly name: string,
    private readonly handle: bigint,
  ) {
    opened('topology')
    this.devices = plugin
      .call('TopologyDescription_GetDeviceDescriptions', { topology: handle })
      .list('descriptions', 'num_descriptions')
      .map((description) => describeDevice(plugin, description))
  }

  /**
   * Compiles a module in StableHLO text, on a thread. Its partitions are all devices of the slice, in the order of
   * `devices` unless `deviceAssignment` says otherwise, or one.
   * @throws PjrtError RESOURCE_EXHAUSTED, with XLA's account of the memory, when the program does not fit
   */
  async compile(text: string, options: CompileOptions = {}): Promise<CompiledProgram> {
    if (!this.alive) throw new PjrtError('Compile', 'FAILED_PRECONDITION', `topology ${this.name} was disposed of`)
    const { partitions = 1 } = options
    if (partitions !== 1 && partitions !== this.devices.length) {
      throw new PjrtError(
        'Compile',
        'INVALID_ARGUMENT',
        `topology ${this.name} has ${this.devices.length} devices; ` +
          `a program is compiled for all of them or for one, not for ${partitions}`,
      )
    }
    const deviceAssignment = options.deviceAssignment ?? this.devices.slice(0, partitions).map(({ id }) => id)
    const call = await this.plugin.callAsync('Compile', {
      topology: this.handle,
      ...compileArguments(text, { ...options, deviceAssignment }),
    })
    return new CompiledProgram(this.plugin, call.word('executable'))
  }

  dispose(): void {
    if (!this.alive) return
    this.alive = false
    this.plugin.call('TopologyDescription_Destroy', { topology: this.handle })
    closed('topology')
  }
}
