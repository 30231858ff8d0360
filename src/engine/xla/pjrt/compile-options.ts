/**
 * What goes into a compilation: the program, and CompileOptionsProto (xla/pjrt/proto/compile_options.proto), in the
 * few fields that a sharded program needs.
 */
import protobuf from 'protobufjs/minimal.js'
import { structs } from './abi.js'
import { pin, pinText, Struct } from './memory.js'

export interface CompileOptions {
  /** Devices that the program is partitioned over. @default 1 */
  partitions?: number
  /** Device ids in the order of the mesh, row-major. @default 0, 1, 2, ... */
  deviceAssignment?: readonly number[]
  /**
   * XLA flags for this program, as in `{ xla_backend_optimization_level: 1 }`. A whole number is sent as an integer;
   * give a fractional flag that happens to be whole as a string.
   */
  overrides?: Readonly<Record<string, boolean | number | string>>
}

/**
 * The arguments that compiling for a client and for a topology share.
 * @param program a module in StableHLO text, or an HloModuleProto
 */
export function compileArguments(program: string | Uint8Array, options: CompileOptions) {
  const code = typeof program === 'string' ? pinText(program) : pin(program)
  const format = pinText(typeof program === 'string' ? 'mlir' : 'hlo')
  const encoded = pin(encodeCompileOptions(options))
  return {
    program: new Struct(structs.Program, {
      code,
      code_size: code.array.byteLength,
      format,
      format_size: format.array.byteLength,
    }),
    compile_options: encoded,
    compile_options_size: encoded.array.byteLength,
  }
}

/**
 * Field numbers: executable_build_options 3 { device_ordinal 1, num_replicas 4, num_partitions 5,
 * use_spmd_partitioning 6, device_assignment 9, use_shardy_partitioner 19 }, env_option_overrides 7. Whole
 * DebugOptions would replace XLA's defaults. Options without replica or partition counts make XLA abort the process.
 */
export function encodeCompileOptions({ partitions = 1, deviceAssignment, overrides = {} }: CompileOptions): Uint8Array {
  const devices = deviceAssignment ?? Array.from({ length: partitions }, (_, i) => i)
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new RangeError(`partitions is ${partitions}; it must be 1 or more`)
  }
  if (devices.length !== partitions || new Set(devices).size !== partitions) {
    throw new RangeError(
      `deviceAssignment [${devices.join(', ')}] must name ${partitions} different devices, one a partition`,
    )
  }

  const writer = protobuf.Writer.create()
  writer.uint32(tag(3, BYTES)).fork()
  writer.uint32(tag(1, VARINT)).int64(-1)
  writer.uint32(tag(4, VARINT)).int64(1)
  writer.uint32(tag(5, VARINT)).int64(partitions)
  writer.uint32(tag(6, VARINT)).bool(true)
  writer.uint32(tag(9, BYTES)).fork()
  writeAssignment(writer, devices)
  writer.ldelim()
  writer.uint32(tag(19, VARINT)).bool(true)
  writer.ldelim()
  for (const [flag, value] of Object.entries(overrides).sort(([a], [b]) => (a < b ? -1 : 1))) {
    writer.uint32(tag(7, BYTES)).fork()
    writer.uint32(tag(1, BYTES)).string(flag)
    writer.uint32(tag(2, BYTES)).fork()
    writeOverride(writer, value)
    writer.ldelim().ldelim()
  }
  return writer.finish()
}

/**
 * DeviceAssignmentProto: replica_count 1, computation_count 2, one computation_devices 3 { replica_device_ids 1 } a
 * partition.
 */
function writeAssignment(writer: protobuf.Writer, devices: readonly number[]): void {
  writer.uint32(tag(1, VARINT)).int32(1)
  writer.uint32(tag(2, VARINT)).int32(devices.length)
  for (const device of devices) {
    writer.uint32(tag(3, BYTES)).fork()
    writer.uint32(tag(1, BYTES)).fork().int64(device).ldelim()
    writer.ldelim()
  }
}

/** OptionOverrideProto: string 1, bool 2, int64 3, double 4. */
function writeOverride(writer: protobuf.Writer, value: boolean | number | string): void {
  if (typeof value === 'string') writer.uint32(tag(1, BYTES)).string(value)
  else if (typeof value === 'boolean') writer.uint32(tag(2, VARINT)).bool(value)
  else if (Number.isInteger(value)) writer.uint32(tag(3, VARINT)).int64(value)
  else writer.uint32(tag(4, DOUBLE)).double(value)
}

const VARINT = 0
const DOUBLE = 1
const BYTES = 2
function tag(field: number, wireType: number): number {
  return field * 8 + wireType
}
