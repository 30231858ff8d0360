/**
 * A compiled program as XLA serializes it (xla/service/hlo.proto, xla/xla_data.proto): the parts that plans count, from
 * `optimizedProgram()` of any plugin.
 */
import { decode, integer, integers, message, messages, text, type Field, type Fields } from './protobuf.js'

/** An array, or a tuple of shapes. */
export interface Shape {
  /** xla::PrimitiveType. */
  readonly type: number
  readonly dims: readonly number[]
  readonly parts: readonly Shape[]
  readonly layout: Layout | null
}

export interface Layout {
  readonly minorToMajor: readonly number[]
  readonly tiles: readonly { readonly dims: readonly number[] }[]
  /** 0 is the device's main memory. */
  readonly memorySpace: number
}

export interface WindowDim {
  readonly size: number
  readonly stride: number
  readonly low: number
  readonly high: number
  readonly windowDilation: number
  readonly baseDilation: number
}

export interface Instruction {
  readonly id: number
  readonly name: string
  readonly opcode: string
  readonly shape: Shape
  readonly operands: readonly number[]
  /** Computations that it calls. */
  readonly called: readonly number[]
  readonly parameter: number
  readonly tupleIndex: number
  readonly comparison: string
  readonly literal: Literal | null
  readonly backendConfig: string
  readonly metadata: { readonly name: string; readonly file: string; readonly line: number } | null
  readonly dot: DotDims | null
  readonly convolution: ConvolutionDims | null
  readonly window: { readonly dims: readonly WindowDim[] } | null
  readonly batchGroups: number
  /** Four encodings of a collective's device groups, by version of XLA. */
  readonly listed: Groups
  readonly list: { readonly listed: Groups; readonly iota: IotaGroups | null } | null
  readonly iota: IotaGroups | null
  readonly mesh: MeshGroups | null
  /** Of a collective permute. */
  readonly pairs: readonly { readonly source: number; readonly target: number }[]
}

interface Literal {
  readonly i32: readonly number[]
  readonly i64: readonly number[]
  readonly u32: readonly number[]
  readonly u64: readonly number[]
  readonly bools: readonly number[]
}

export interface DotDims {
  readonly lhsContracting: readonly number[]
  readonly rhsContracting: readonly number[]
  readonly lhsBatch: readonly number[]
  readonly rhsBatch: readonly number[]
}

export interface ConvolutionDims {
  readonly inputBatch: number
  readonly inputFeature: number
  readonly inputSpatial: readonly number[]
  readonly kernelInput: number
  readonly kernelOutput: number
  readonly kernelSpatial: readonly number[]
  readonly outputSpatial: readonly number[]
}

type Groups = readonly { readonly ids: readonly number[] }[]
/** Devices reshaped to `reshape`, transposed by `transpose`, and cut into equal groups. */
export interface IotaGroups {
  readonly groups: number
  readonly size: number
  readonly reshape: readonly number[]
  readonly transpose: readonly number[]
}
/** The axes of a mesh that are within a group. */
export interface MeshGroups {
  readonly mesh: { readonly axes: readonly { readonly size: number }[]; readonly devices: readonly number[] } | null
  readonly axes: readonly { readonly axis: number; readonly part: { before: number; size: number } | null }[]
}
export interface Computation {
  readonly id: number
  readonly name: string
  readonly instructions: readonly Instruction[]
  readonly root: number
}

export interface HloModule {
  readonly name: string
  readonly computations: ReadonlyMap<number, Computation>
  readonly entry: Computation
}

const NO_SHAPE: Shape = { type: 0, dims: [], parts: [], layout: null }

const layout: Fields<Layout> = {
  minorToMajor: [1, integers],
  tiles: [6, messages(() => ({ dims: [1, integers] }))],
  memorySpace: [8, integer],
}
const shape: Fields<Shape> = {
  type: [2, integer],
  dims: [3, integers],
  parts: [4, messages((): Fields<Shape> => shape)],
  layout: [5, message(() => layout)],
}
const window: Fields<WindowDim> = {
  size: [1, integer],
  stride: [2, integer],
  low: [3, integer],
  high: [4, integer],
  windowDilation: [5, integer],
  baseDilation: [6, integer],
}
const group: Field<Groups> = messages(() => ({ ids: [1, integers] }))
const iota = message((): Fields<IotaGroups> => ({
  groups: [1, integer],
  size: [2, integer],
  reshape: [3, integers],
  transpose: [4, integers],
}))
const mesh = message((): Fields<MeshGroups> => ({
  mesh: [1, message(() => ({ axes: [1, messages(() => ({ size: [2, integer] }))], devices: [2, integers] }))],
  axes: [
    2,
    messages(() => ({ axis: [1, integer], part: [2, message(() => ({ before: [1, integer], size: [2, integer] }))] })),
  ],
}))

const instruction: Fields<Instruction> = {
  id: [35, integer],
  name: [1, text],
  opcode: [2, text],
  shape: [3, message(() => shape, NO_SHAPE)],
  operands: [36, integers],
  called: [38, integers],
  parameter: [9, integer],
  tupleIndex: [13, integer],
  comparison: [63, text],
  literal: [
    8,
    message((): Fields<Literal> => ({
      bools: [2, integers],
      i32: [4, integers],
      i64: [5, integers],
      u32: [6, integers],
      u64: [7, integers],
    })),
  ],
  backendConfig: [43, text],
  metadata: [7, message(() => ({ name: [2, text], file: [3, text], line: [4, integer] }))],
  dot: [
    30,
    message((): Fields<DotDims> => ({
      lhsContracting: [1, integers],
      rhsContracting: [2, integers],
      lhsBatch: [3, integers],
      rhsBatch: [4, integers],
    })),
  ],
  convolution: [
    16,
    message((): Fields<ConvolutionDims> => ({
      inputBatch: [7, integer],
      inputFeature: [8, integer],
      inputSpatial: [11, integers],
      kernelInput: [3, integer],
      kernelOutput: [4, integer],
      kernelSpatial: [6, integers],
      outputSpatial: [12, integers],
    })),
  ],
  window: [15, message(() => ({ dims: [1, messages(() => window)] }))],
  batchGroups: [58, integer],
  listed: [49, group],
  list: [87, message(() => ({ listed: [1, group], iota: [2, iota] }))],
  iota: [92, iota],
  mesh: [93, mesh],
  pairs: [52, messages(() => ({ source: [1, integer], target: [2, integer] }))],
}
const computation: Fields<Computation> = {
  id: [5, integer],
  name: [1, text],
  root: [6, integer],
  instructions: [2, messages(() => instruction)],
}
const module: Fields<{ name: string; entry: number; computations: readonly Computation[] }> = {
  name: [1, text],
  entry: [6, integer],
  computations: [3, messages(() => computation)],
}
const wholeProgram = { module: [1, message(() => module)] as const }

/** @param bytes HloModuleProtoWithConfig, of which field 1 is the module. Throws RangeError for others. */
export function readHlo(bytes: Uint8Array): HloModule {
  const { module: found } = decode(bytes, wholeProgram)
  const computations = new Map(found?.computations.map((each) => [each.id, each]))
  const entry = computations.get(found?.entry ?? -1)
  if (!found || !entry) throw new RangeError('the compiled program has no HLO module')
  return { name: found.name, computations, entry }
}
