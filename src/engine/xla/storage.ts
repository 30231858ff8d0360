import { blockOf, cut, owners, paste, shardDims, type Axes, type Mesh } from '../../mesh/index.js'
import { showDims, sizeOf, type Dim } from '../../tensor/dim.js'
import type { DType } from '../../tensor/dtype.js'
import { EngineError, type HostData, type Piece, type ProcessView, type Storage } from '../engine.js'
import { HOST_ARRAYS } from '../device-array.js'
import type { Buffer, Client } from './pjrt/index.js'

/** The mesh of one device. */
export const ONE_DEVICE: Mesh = { axes: [], size: 1 }

/** An array as a buffer on each device of a mesh that this process has: its part there, or all of it. */
export class XlaStorage implements Storage {
  constructor(
    /** In the order of the mesh; null on devices of other processes. */
    readonly buffers: readonly (Buffer | null)[],
    readonly dims: readonly Dim[],
    readonly dtype: DType,
    readonly mesh: Mesh,
    readonly axes: Axes,
  ) {}

  /** Copies to each device that this process has its part. `localDevices`: the devices of the mesh that it has. */
  static upload(
    client: Client,
    localDevices: ReadonlySet<number>,
    data: HostData,
    dims: readonly Dim[],
    dtype: DType,
    mesh: Mesh,
    axes: Axes,
  ): XlaStorage {
    const shape = shardDims(dims, axes, mesh).map(({ size }) => size)
    const buffers = Array.from({ length: mesh.size }, (_, device) =>
      localDevices.has(device)
        ? client.upload(cut(data, dims, blockOf(dims, axes, mesh, device)), dtype, shape, client.devices[device])
        : null,
    )
    return new XlaStorage(buffers, dims, dtype, mesh, axes)
  }

  /** Throws EngineError if a part is on devices of other processes alone. */
  async read(into?: HostData): Promise<HostData> {
    const { dims, axes, mesh } = this
    const kind = HOST_ARRAYS[this.dtype]
    const reused = into instanceof kind && into.length === sizeOf(dims) ? into : undefined
    const devices = owners(axes, mesh)
    if (devices.length === 1) return this.readPart(devices[0], into)
    const whole: HostData = reused ?? new kind(sizeOf(dims))
    for (const device of devices) paste(whole, dims, blockOf(dims, axes, mesh, device), await this.readPart(device))
    return whole
  }

  pieces({ owns }: ProcessView): readonly Piece[] {
    const { dims, axes, mesh } = this
    return owners(axes, mesh)
      .filter(owns)
      .map((device) => ({ block: blockOf(dims, axes, mesh, device), read: (into) => this.readPart(device, into) }))
  }

  /** The elements that a device holds; in `into`, if that fits. */
  private async readPart(device: number, into?: HostData): Promise<HostData> {
    const kind = HOST_ARRAYS[this.dtype]
    const size = sizeOf(shardDims(this.dims, this.axes, this.mesh))
    const memory = into instanceof kind && into.length === size ? into : undefined
    const given = memory && new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
    const bytes = await this.holder(device).download(given)
    return new kind(bytes.buffer as ArrayBuffer, bytes.byteOffset, size) as HostData
  }

  /** What a device of the mesh holds, from one of this process that holds the same. */
  private holder(device: number): Buffer {
    const { dims, axes, mesh, buffers } = this
    const startsOn = (each: number) => blockOf(dims, axes, mesh, each).starts.join()
    const found = buffers[device] ?? buffers.find((buffer, each) => buffer && startsOn(each) === startsOn(device))
    if (found) return found
    throw new EngineError(
      `the part of ${this.dtype} ${showDims(dims)} on device ${device} must be read by the process that has it`,
    )
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer?.dispose()
  }
}
