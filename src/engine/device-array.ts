import { showDims, sizeOf, type Dim } from '../tensor/dim.js'
import type { DType } from '../tensor/dtype.js'
import type { Role } from '../tensor/index.js'
import type { Engine, HostData, Piece, Storage } from './engine.js'
import { toFloats } from './half.js'

/** An array of numbers on an engine, with named dims. It occupies device memory until `dispose`, or it is donated. */
export class DeviceArray<N extends string = any> {
  private gone: string | null = null

  constructor(
    readonly engine: Engine,
    readonly dims: readonly Dim<N>[],
    readonly dtype: DType,
    private readonly storage: Storage,
  ) {}

  /**
   * Copies host data to the engine. `data` is row-major over `dims`; bf16 and f16 are given as bits. On a mesh `role`
   * selects the layout that the array follows.
   */
  static from<N extends string>(
    engine: Engine,
    data: HostData,
    dims: readonly Dim<N>[],
    dtype: DType,
    role: Role = 'computation',
  ): DeviceArray<N> {
    if (data.length !== sizeOf(dims))
      throw new RangeError(
        `data must have the ${sizeOf(dims)} elements of ${dtype} ${showDims(dims)} (got ${data.length})`,
      )
    const kind = HOST_ARRAYS[dtype]
    if (!(data instanceof kind))
      throw new TypeError(`data of ${dtype} must have the type ${kind.name} (got ${data.constructor.name})`)
    return new DeviceArray(engine, dims, dtype, engine.upload(data, dims, dtype, role))
  }

  /**
   * The elements on the host, row-major; waits for the program that makes them and rejects with its error.
   * @param into memory to reuse, as an earlier call gave it; its elements are overwritten
   */
  read(into?: HostData): Promise<HostData> {
    return this.use('read').read(into)
  }

  /** The blocks of the array that this process saves: those of all processes are the array, once. */
  pieces(): readonly Piece[] {
    return this.use('pieces').pieces(this.engine.process)
  }

  /** The elements as f32 on the host, whatever the dtype. */
  async readFloats(): Promise<Float32Array> {
    return toFloats(await this.read(), this.dtype)
  }

  /** The one element of a scalar. */
  async readScalar(): Promise<number> {
    if (sizeOf(this.dims) !== 1)
      throw new RangeError(`readScalar: the array must have one element (got ${this.dtype} ${showDims(this.dims)})`)
    return (await this.readFloats())[0]
  }

  /** The storage, for a run. Throws if the array is gone. */
  use(why: string): Storage {
    if (this.gone) throw new Error(`${why}: the array ${this.dtype} ${showDims(this.dims)} was ${this.gone}`)
    return this.storage
  }

  get isDisposed(): boolean {
    return this.gone !== null
  }

  /** Frees the memory. Idempotent. */
  dispose(): void {
    if (this.gone) return
    this.gone = 'disposed'
    this.storage.dispose()
  }

  /** Notes that a program took over the memory. */
  markDonated(to: string): void {
    this.gone = `donated to ${to}, which reused its memory`
  }
}

/** The typed array that holds each dtype on the host. */
export const HOST_ARRAYS = {
  f32: Float32Array,
  bf16: Uint16Array,
  f16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>

/** Whether a leaf of a tree is an array on a device. */
export const isDeviceArray = (x: unknown): x is DeviceArray => x instanceof DeviceArray
