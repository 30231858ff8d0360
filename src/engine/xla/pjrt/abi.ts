/**
 * The PJRT C API as byte offsets: for each entry point its slot in the PJRT_Api table, and the layout of its one
 * argument struct. From pjrt_c_api.h at API 0.114; the table and all structs only grow, so the offsets hold from 0.57
 * on. Field names are the header's. Every struct starts with struct_size @0 and extension_start @8, which are left
 * out here.
 */
import type { Layout, SmallField } from './memory.js'

export interface Entry extends Layout {
  slot: number
}

const i32 = (offset: number): SmallField => ({ offset, kind: 'i32' })
const f32 = (offset: number): SmallField => ({ offset, kind: 'f32' })
const bool = (offset: number): SmallField => ({ offset, kind: 'bool' })

/** PJRT_Api itself: the version sits in a nested struct @16. */
export const apiLayout = { size: 40, fields: { major: i32(32), minor: i32(36) } } satisfies Layout

export const entries = {
  Error_Destroy: { slot: 40, size: 24, fields: { error: 16 } },
  Error_Message: { slot: 48, size: 40, fields: { error: 16, message: 24, message_size: 32 } },
  Error_GetCode: { slot: 56, size: 28, fields: { error: 16, code: i32(24) } },
  Plugin_Initialize: { slot: 64, size: 16, fields: {} },
  Plugin_Attributes: { slot: 72, size: 32, fields: { attributes: 16, num_attributes: 24 } },

  Event_Destroy: { slot: 80, size: 24, fields: { event: 16 } },
  Event_IsReady: { slot: 88, size: 25, fields: { event: 16, is_ready: bool(24) } },
  Event_Await: { slot: 104, size: 24, fields: { event: 16 } },

  Client_Create: {
    slot: 120,
    size: 88,
    fields: { create_options: 16, num_options: 24, kv_get: 32, kv_put: 48, client: 64, kv_try_get: 72 },
  },
  Client_Destroy: { slot: 128, size: 24, fields: { client: 16 } },
  Client_PlatformName: { slot: 136, size: 40, fields: { client: 16, text: 24, text_size: 32 } },
  Client_ProcessIndex: { slot: 144, size: 28, fields: { client: 16, process_index: i32(24) } },
  Client_PlatformVersion: { slot: 152, size: 40, fields: { client: 16, text: 24, text_size: 32 } },
  Client_Devices: { slot: 160, size: 40, fields: { client: 16, devices: 24, num_devices: 32 } },
  Client_AddressableDevices: { slot: 168, size: 40, fields: { client: 16, devices: 24, num_devices: 32 } },
  Client_Compile: {
    slot: 200,
    size: 56,
    fields: { client: 16, program: 24, compile_options: 32, compile_options_size: 40, executable: 48 },
  },
  Client_BufferFromHostBuffer: {
    slot: 216,
    size: 120,
    fields: {
      client: 16,
      data: 24,
      type: i32(32),
      dims: 40,
      num_dims: 48,
      host_buffer_semantics: i32(72),
      device: 80,
      done_with_host_buffer: 104,
      buffer: 112,
    },
  },

  DeviceDescription_Id: { slot: 224, size: 28, fields: { device_description: 16, id: i32(24) } },
  DeviceDescription_ProcessIndex: { slot: 232, size: 28, fields: { device_description: 16, process_index: i32(24) } },
  DeviceDescription_Attributes: {
    slot: 240,
    size: 40,
    fields: { device_description: 16, num_attributes: 24, attributes: 32 },
  },
  DeviceDescription_Kind: { slot: 248, size: 40, fields: { device_description: 16, text: 24, text_size: 32 } },
  DeviceDescription_ToString: { slot: 264, size: 40, fields: { device_description: 16, text: 24, text_size: 32 } },
  Device_GetDescription: { slot: 272, size: 32, fields: { device: 16, device_description: 24 } },
  Device_MemoryStats: {
    slot: 312,
    size: 201,
    fields: {
      device: 16,
      bytes_in_use: 24,
      peak_bytes_in_use: 32,
      peak_bytes_in_use_is_set: bool(40),
      bytes_limit: 80,
      bytes_limit_is_set: bool(88),
    },
  },

  Executable_Destroy: { slot: 360, size: 24, fields: { executable: 16 } },
  Executable_NumOutputs: { slot: 392, size: 32, fields: { executable: 16, num_outputs: 24 } },
  Executable_GetCostAnalysis: { slot: 408, size: 40, fields: { executable: 16, num_properties: 24, properties: 32 } },
  Executable_OptimizedProgram: { slot: 424, size: 32, fields: { executable: 16, program: 24 } },
  Executable_Serialize: {
    slot: 432,
    size: 56,
    fields: { executable: 16, serialized_bytes: 24, serialized_bytes_size: 32, holder: 40, holder_deleter: 48 },
  },
  LoadedExecutable_Destroy: { slot: 440, size: 24, fields: { executable: 16 } },
  LoadedExecutable_GetExecutable: { slot: 448, size: 32, fields: { loaded_executable: 16, executable: 24 } },
  LoadedExecutable_AddressableDevices: {
    slot: 456,
    size: 40,
    fields: { executable: 16, devices: 24, num_devices: 32 },
  },
  LoadedExecutable_Execute: {
    slot: 480,
    size: 80,
    fields: {
      executable: 16,
      options: 24,
      argument_lists: 32,
      num_devices: 40,
      num_args: 48,
      output_lists: 56,
      device_complete_events: 64,
      execute_device: 72,
    },
  },
  Executable_DeserializeAndLoad: {
    slot: 488,
    size: 72,
    fields: { client: 16, serialized_executable: 24, serialized_executable_size: 32, loaded_executable: 40 },
  },

  Buffer_Destroy: { slot: 504, size: 24, fields: { buffer: 16 } },
  Buffer_IsDeleted: { slot: 584, size: 25, fields: { buffer: 16, is_deleted: bool(24) } },
  Buffer_ToHostBuffer: {
    slot: 600,
    size: 56,
    fields: { src: 16, host_layout: 24, dst: 32, dst_size: 40, event: 48 },
  },

  TopologyDescription_Create: {
    slot: 696,
    size: 56,
    fields: { topology_name: 16, topology_name_size: 24, create_options: 32, num_options: 40, topology: 48 },
  },
  TopologyDescription_Destroy: { slot: 704, size: 24, fields: { topology: 16 } },
  TopologyDescription_GetDeviceDescriptions: {
    slot: 728,
    size: 40,
    fields: { topology: 16, descriptions: 24, num_descriptions: 32 },
  },
  Compile: {
    slot: 752,
    size: 64,
    fields: { topology: 16, program: 24, compile_options: 32, compile_options_size: 40, client: 48, executable: 56 },
  },
  Executable_OutputElementTypes: { slot: 760, size: 40, fields: { executable: 16, types: 24, num_types: 32 } },
  Executable_OutputDimensions: {
    slot: 768,
    size: 48,
    fields: { executable: 16, num_outputs: 24, dims: 32, dim_sizes: 40 },
  },
  Executable_Fingerprint: { slot: 792, size: 40, fields: { executable: 16, text: 24, text_size: 32 } },
  Executable_GetCompiledMemoryStats: {
    slot: 808,
    size: 144,
    fields: { executable: 16, generated_code: 24, argument: 32, output: 40, alias: 48, temp: 56, peak: 104 },
  },
} satisfies Record<string, Entry>

export type EntryName = keyof typeof entries
export type Arguments<E extends EntryName> = (typeof entries)[E]

/** Structs that arguments point to. */
export const structs = {
  /** What the plugin passes to callbacks of a key-value store; `callback_error` points to a pointer to a function. */
  KeyValueGet: {
    size: 80,
    fields: {
      key: 16,
      key_size: 24,
      timeout_ms: i32(32),
      callback_error: 40,
      value: 56,
      value_size: 64,
      value_deleter: 72,
    },
  },
  KeyValueTryGet: {
    size: 72,
    fields: { key: 16, key_size: 24, callback_error: 32, value: 48, value_size: 56, value_deleter: 64 },
  },
  KeyValuePut: { size: 64, fields: { key: 16, key_size: 24, value: 32, value_size: 40, callback_error: 48 } },
  /**
   * A key with a value; `value` is a pointer, an int64, a float or a bool by `type`. Arrays of these have stride 56.
   */
  NamedValue: {
    size: 56,
    fields: {
      name: 16,
      name_size: 24,
      type: i32(32),
      value: 40,
      float_value: f32(40),
      bool_value: bool(40),
      value_size: 48,
    },
  },
  Program: { size: 48, fields: { code: 16, code_size: 24, format: 32, format_size: 40 } },
  ExecuteOptions: { size: 144, fields: {} },
  /** The tiled kind with no tiles: a plain order of dims. */
  BufferMemoryLayout: {
    size: 76,
    fields: { tiled_struct_size: 16, minor_to_major: 32, minor_to_major_size: 40, type: i32(72) },
  },
} satisfies Record<string, Layout>
