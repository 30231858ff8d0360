import type { Block, Placement } from '../mesh/index.js'
import type { Dim } from '../tensor/dim.js'
import type { DType } from '../tensor/dtype.js'
import type { Role } from '../tensor/index.js'
import type { Program } from '../tensor/program.js'

/** Host data of an array, row-major: bf16 and f16 as their bits, booleans as bytes of 0 and 1. */
export type HostData = Float32Array | Uint16Array | Int32Array | Uint32Array | Uint8Array

/** Data on an engine. Not used directly: `DeviceArray` carries it with its dims. */
export interface Storage {
  /** The elements on the host: in `into`, if that is given and has their type and number, else in new memory. */
  read(into?: HostData): Promise<HostData>
  /** The blocks of which `process` has the first device that holds them: those of all processes are the array, once. */
  pieces(process: ProcessView): readonly Piece[]
  /** Frees the memory; a running program that needs it keeps it until it is done. */
  dispose(): void
}

/** A part of an array, and how its elements are read. */
export interface Piece {
  readonly block: Block
  /** The elements of the block, row-major, on the host; in `into`, if that is given and fits. */
  read(into?: HostData): Promise<HostData>
}

/** This process among those that run programs together. */
export interface ProcessView {
  readonly index: number
  readonly count: number
  /** Whether a device, by its index in the mesh, is of this process. */
  owns(device: number): boolean
}

/** A process that runs its programs alone. */
export const ONE_PROCESS: ProcessView = { index: 0, count: 1, owns: () => true }

/** What a compiled program needs, in bytes per device. */
export interface MemoryUse {
  readonly arguments: number
  readonly outputs: number
  /** Outputs that take over the memory of donated arguments. */
  readonly aliased: number
  readonly temporaries: number
  readonly code: number
}

export interface Executable {
  readonly program: Program
  /** Whether it came from the compile cache. */
  readonly fromCache: boolean
  /** Seconds that compiling (or loading) took. */
  readonly seconds: number
  /**
   * Starts a run and returns its outputs at once, before they are computed. Errors of the run reject `done`, and reads of the outputs.
   * Donated inputs are no longer usable.
   *
   * An engine that computes before it returns abandons the run once `signal` has aborted, unless donated inputs are freed
   * already: it throws the signal's reason then, and all inputs are as before. Others finish the run.
   */
  run(inputs: readonly Storage[], signal?: AbortSignal): { outputs: Storage[]; readonly done: Promise<void> }
  memory(): MemoryUse | null
  dispose(): void
}

export interface CompileOptions {
  /** For each input the output that takes over its memory, or null. Dims and dtype must be equal. */
  readonly aliases?: readonly (number | null)[]
  /** What each input is for, which may decide its sharding. @default all computation */
  readonly roles?: readonly Role[]
}

/** Something that runs programs. */
export interface Engine {
  /** `xla`, `host` or `tfjs`. */
  readonly name: string
  /** One line to show: platform, devices, version. */
  readonly description: string
  /** `cpu`, `cuda`, `tpu`. */
  readonly platform: string
  readonly deviceCount: number
  /** How programs and arrays are split over a mesh of its devices; null for one device. */
  readonly placement: Placement | null
  readonly process: ProcessView
  compile(program: Program, options?: CompileOptions): Promise<Executable>
  /** Copies an array to the devices: to each its part, or the whole. */
  upload(data: HostData, dims: readonly Dim[], dtype: DType, role?: Role): Storage
  /** Rows of an input (indices along its first dim) that devices of this process hold; other rows are not read. */
  localRows(dims: readonly Dim[]): ReadonlySet<number>
  /** The blocks of an array that devices of this process hold, each once. */
  localBlocks(dims: readonly Dim[], role: Role): readonly Block[]
  /** The same devices with programs and arrays split over a mesh of them. Throws EngineError if that is not possible. */
  withPlacement(placement: Placement): Engine
  close(): Promise<void>
}

/** An engine that does not start, or a program that it cannot run: what is wrong, and what to do. */
export class EngineError extends Error {
  override name = 'EngineError'
}
