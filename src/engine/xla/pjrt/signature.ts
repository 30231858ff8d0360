/**
 * What a compiled program takes, read from its optimized HLO: the C API gives the shapes of outputs, but neither
 * those of parameters nor which of them are donated. Read with protobufjs from HloModuleProto
 * (xla/service/hlo.proto).
 */
import protobuf from 'protobufjs/minimal.js'
import { type ElementType, type Spec } from './element-type.js'

export interface Signature {
  /** Per device, in order. */
  parameters: Spec[]
  /** Indices of parameters whose memory the program reuses: those with an alias to an output, or given as donors. */
  donated: number[]
}

/** xla::PrimitiveType, which agrees with PJRT_Buffer_Type only as far as f64. */
const primitiveTypes: Record<number, ElementType> = {
  1: 'bool',
  2: 'i8',
  3: 'i16',
  4: 'i32',
  5: 'i64',
  6: 'u8',
  7: 'u16',
  8: 'u32',
  9: 'u64',
  10: 'f16',
  11: 'f32',
  12: 'f64',
  16: 'bf16',
}

/** @param bytes HloModuleProtoWithConfig, whose field 1 is the module */
export function readSignature(bytes: Uint8Array): Signature {
  const parameters: Spec[] = []
  const donated = new Set<number>()
  each(protobuf.Reader.create(bytes), {
    1: (module) =>
      each(module, {
        // host_program_shape 4 { parameters 1 }
        4: (program) => each(program, { 1: (shape) => parameters.push(readShape(shape)) }),
        // input_output_alias 8 { entries 1 { parameter_number 2 } }
        8: (alias) => each(alias, { 1: (entry) => donated.add(readNumber(entry, 2)) }),
        // buffer_donor 18 { entries 1 { parameter_number 1 } }
        18: (donor) => each(donor, { 1: (entry) => donated.add(readNumber(entry, 1)) }),
      }),
  })
  return { parameters, donated: [...donated].sort((a, b) => a - b) }
}

/** ShapeProto: element_type 2, dimensions 3 (packed). */
function readShape(reader: protobuf.Reader): Spec {
  let type = 0
  const shape: number[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === 2 << 3) type = reader.int32()
    else if (tag === ((3 << 3) | 2)) {
      const end = reader.uint32() + reader.pos
      while (reader.pos < end) shape.push(Number(reader.int64()))
    } else reader.skipType(tag & 7)
  }
  const dtype = primitiveTypes[type]
  if (!dtype) throw new RangeError(`XLA primitive type ${type} of a parameter is not supported`)
  return { dtype, shape }
}

/** One varint field of a message; absent is 0. */
function readNumber(reader: protobuf.Reader, field: number): number {
  let value = 0
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === field << 3) value = Number(reader.int64())
    else reader.skipType(tag & 7)
  }
  return value
}

/** Calls `visit[field]` with a reader over each message field; the rest is skipped. */
function each(reader: protobuf.Reader, visit: Record<number, (message: protobuf.Reader) => void>): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const visitor = visit[tag >>> 3]
    if (visitor && (tag & 7) === 2) visitor(protobuf.Reader.create(reader.bytes()))
    else reader.skipType(tag & 7)
  }
}
