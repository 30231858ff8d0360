import { productOf, type DType } from '../../tensor/index.js'
import { ARRAY_OF, HELD_AS, type Numbers } from '../host/arrays.js'
import { HandledMemory, type Handle } from '../host/handled-memory.js'
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
export class GpuMemory extends HandledMemory<Piece> implements Memory<GpuArray> {
  readonly library = null
  readonly device: GpuKernels
  observer?: Observer
  check?: () => void
  private permanents = 0
  private readonly spare = new Map<number, GpuBuffer[]>()

  constructor(readonly queue: Queue) {
    super()
    this.device = new GpuKernels(this, queue)
  }

  /** Arrays that are not freed, but the permanent ones. */
  get live(): number {
    return this.handles - this.permanents
  }

  /** An array whose elements may be anything. */
  make(sizes: readonly number[], dtype: DType): GpuArray {
    const count = productOf(sizes)
    const size = Math.max(GRAIN, Math.ceil((4 * count) / GRAIN) * GRAIN)
    const buffer = this.spareOf(size).pop() ?? this.queue.device.createBuffer({ size, usage: STORAGE })
    return this.handleOf({ buffer, count, dtype })
  }

  bufferOf(x: GpuArray): GpuBuffer {
    return this.held(x).buffer
  }

  async read(x: GpuArray): Promise<Numbers> {
    const { buffer, count, dtype } = this.held(x)
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
      this.outside(() => this.make([numbers.length], dtype)),
      numbers,
      dtype,
    )
  }

  allocate(sizes: readonly number[], dtype: DType): Numbers {
    return new ARRAY_OF[HELD_AS[dtype]](productOf(sizes))
  }

  trim(): void {
    this.queue.submit() // recorded commands may use what is freed
    for (const buffers of this.spare.values()) for (const buffer of buffers) buffer.destroy()
    this.spare.clear()
  }

  protected release({ buffer }: Piece): void {
    this.spareOf(buffer.size).push(buffer)
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
