/** Devices of a client: a CPU, possibly one of several virtual ones, a GPU, a TPU core. */
import { readNamedValues, type NamedValues } from './named-values.js'
import type { Plugin } from './plugin.js'

export interface DeviceDescription {
  /** The number that device assignments use. */
  readonly id: number
  /** As in `cpu`, `NVIDIA H100 80GB HBM3`, `TPU v4`. */
  readonly kind: string
  /** The plugin's own text for it. */
  readonly description: string
  /** As in `coords` and `core_on_chip` on TPUs. */
  readonly attributes: NamedValues
}

/** A device of this process, or of one that it works with. */
export interface Device extends DeviceDescription {
  readonly address: bigint
  /** The process that it belongs to. */
  readonly processIndex: number
}

export interface DeviceMemory {
  bytesInUse: number
  /** Undefined where the plugin does not count it. */
  peakBytesInUse?: number
  /** Undefined where there is no limit that the plugin knows. */
  bytesLimit?: number
}

export function readDevice(plugin: Plugin, device: bigint): Device {
  const description = plugin.call('Device_GetDescription', { device }).word('device_description')
  const about = { device_description: description }
  const processIndex = plugin.call('DeviceDescription_ProcessIndex', about).number('process_index')
  return { ...describeDevice(plugin, description), address: device, processIndex }
}

/** Of a device that is here, or of a topology. */
export function describeDevice(plugin: Plugin, description: bigint): DeviceDescription {
  const about = { device_description: description }
  const attributes = plugin.call('DeviceDescription_Attributes', about)
  return {
    id: plugin.call('DeviceDescription_Id', about).number('id'),
    kind: plugin.call('DeviceDescription_Kind', about).text('text', 'text_size'),
    description: plugin.call('DeviceDescription_ToString', about).text('text', 'text_size'),
    attributes: readNamedValues(attributes.word('attributes'), attributes.number('num_attributes')),
  }
}

export function readDeviceMemory(plugin: Plugin, device: bigint): DeviceMemory {
  const stats = plugin.call('Device_MemoryStats', { device })
  return {
    bytesInUse: stats.number('bytes_in_use'),
    peakBytesInUse: stats.number('peak_bytes_in_use_is_set') ? stats.number('peak_bytes_in_use') : undefined,
    bytesLimit: stats.number('bytes_limit_is_set') ? stats.number('bytes_limit') : undefined,
  }
}
