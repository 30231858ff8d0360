import { blockOf, cut, owners, paste, shardDims, type Axes, type Mesh } from '../../mesh/index.js'
import { sizeOf, type Dim } from '../../tensor/dim.js'
import type { DType } from '../../tensor/dtype.js'
import type { HostData, Storage } from '../engine.js'
import { HOST_ARRAYS } from '../device-array.js'
import type { Buffer, Client } from './pjrt/index.js'

/** The mesh of one device. */
export const ONE_DEVICE: Mesh = { axes: [], size: 1 }

/** An array as a buffer on each device of a mesh: its part there, or all of it. */
export class XlaStorage implements Storage {
  constructor(
    /** In the order of the mesh. */
    readonly buffers: readonly Buffer[],
    readonly dims: readonly Dim[],
    readonly dtype: DType,
    readonly mesh: Mesh,
    readonly axes: Axes,
  ) {}

  /** Copies to each device its part. */
  static upload(
    client: Client,
    data: HostData,
    dims: readonly Dim[],
    dtype: DType,
    mesh: Mesh,
    axes: Axes,
  ): XlaStorage {
    const shape = shardDims(dims, axes, mesh).map(({ size }) => size)
    const buffers = Array.from({ length: mesh.size }, (_, device) =>
      client.upload(cut(data, dims, blockOf(dims, axes, mesh, device)), dtype, shape, client.devices[device]),
    )
    return new XlaStorage(buffers, dims, dtype, mesh, axes)
  }

  async read(): Promise<HostData> {
    const { dims, axes, mesh } = this
    const kind = HOST_ARRAYS[this.dtype]
    const part = async (device: number): Promise<HostData> => {
      const bytes = await this.buffers[device].download()
      const size = sizeOf(shardDims(dims, axes, mesh))
      return new kind(bytes.buffer as ArrayBuffer, bytes.byteOffset, size) as HostData
    }
    const devices = owners(axes, mesh)
    if (devices.length === 1) return part(devices[0])
    const whole: HostData = new kind(sizeOf(dims))
    for (const device of devices) paste(whole, dims, blockOf(dims, axes, mesh, device), await part(device))
    return whole
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer.dispose()
  }
}
