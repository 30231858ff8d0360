import { productOf, type DType } from '../../tensor/index.js'
import { ARRAY_OF, HELD_AS, type Numbers } from '../host/arrays.js'
import { Handles, type Handle } from '../host/handles.js'
import type { Memory } from '../host/memory.js'
import type { Observer } from '../host/plan.js'
import { USAGE, type GpuBuffer } from './api.js'
import { GpuKernels } from './kernels.js'
import type { Queue } from './queue.js'

/** Elements of an array on a GPU, four bytes each. */
export interface Piece {
  readonly buffer: GpuBuffer
  readonly count: number
  readonly dtype: DType
}

export type GpuArray = Handle<Piece>

const STORAGE = USAGE.storage | USAGE.copySource | USAGE.copyDestination
/** Buffers are made in steps of this many bytes, so that arrays of nearly equal size share them. */
const GRAIN = 256

/** Arrays on a GPU. Freed buffers are kept, by size, until `trim`. */
export class GpuMemory implements Memory<GpuArray> {
  readonly library = null
  readonly device: GpuKernels
  observer?: Observer
  private readonly handles = new Handles<Piece>(({ buffer }) => this.spareOf(buffer.size).push(buffer))
  private permanents = 0
  private readonly spare = new Map<number, GpuBuffer[]>()

  constructor(readonly queue: Queue) {
    this.device = new GpuKernels(this, queue)
  }

  /** Arrays that are not freed, but the permanent ones. */
  get live(): number {
    return this.handles.count - this.permanents
  }

  /** An array whose elements may be anything. */
  make(sizes: readonly number[], dtype: DType): GpuArray {
    const count = productOf(sizes)
    const size = Math.max(GRAIN, Math.ceil((4 * count) / GRAIN) * GRAIN)
    const buffer = this.spareOf(size).pop() ?? this.queue.device.createBuffer({ size, usage: STORAGE })
    return this.handles.make({ buffer, count, dtype })
  }

  bufferOf(x: GpuArray): GpuBuffer {
    return this.handles.of(x).buffer
  }

  async read(x: GpuArray): Promise<Numbers> {
    const { buffer, count, dtype } = this.handles.of(x)
    const bytes = await this.queue.read(buffer, 4 * count)
    return dtype === 'bool' ? Uint8Array.from(new Uint32Array(bytes)) : new ARRAY_OF[HELD_AS[dtype]](bytes)
  }

  numbers(): Numbers {
    throw new Error('numbers on a GPU are read later')
  }

  array(numbers: Numbers, sizes: readonly number[], dtype: DType): GpuArray {
    this.queue.check()
    return this.filled(this.make(sizes, dtype), numbers, dtype)
  }

  /** An array that stays, whatever it was made in. */
  permanent(numbers: Numbers, dtype: DType): GpuArray {
    this.permanents++
    return this.filled(
      this.handles.outside(() => this.make([numbers.length], dtype)),
      numbers,
      dtype,
    )
  }

  allocate(sizes: readonly number[], dtype: DType): Numbers {
    return new ARRAY_OF[HELD_AS[dtype]](productOf(sizes))
  }

  share(x: GpuArray): GpuArray {
    return this.handles.share(x)
  }

  keep(x: GpuArray): GpuArray {
    return x // no scope is open where a run ends
  }

  free(x: GpuArray): void {
    this.handles.free(x)
  }

  scoped(f: () => GpuArray[]): GpuArray[] {
    return this.handles.scoped(f)
  }

  trim(): void {
    this.queue.submit() // recorded commands may use what is freed
    for (const buffers of this.spare.values()) for (const buffer of buffers) buffer.destroy()
    this.spare.clear()
  }

  private filled(x: GpuArray, numbers: Numbers, dtype: DType): GpuArray {
    this.queue.write(this.bufferOf(x), dtype === 'bool' ? Uint32Array.from(numbers) : numbers)
    return x
  }

  private spareOf(size: number): GpuBuffer[] {
    const found = this.spare.get(size)
    if (found) return found
    const list: GpuBuffer[] = []
    this.spare.set(size, list)
    return list
  }
}
