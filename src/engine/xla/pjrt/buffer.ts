/** An array on one device. Its memory is native: the garbage collector does not see it, so dispose of it. */
import { Buffer as NodeBuffer } from 'node:buffer'
import type { Client } from './client.js'
import type { Device } from './device.js'
import { byteLength, describe, type ElementType, type Spec } from './element-type.js'
import { PjrtError } from './error.js'
import { structs } from './abi.js'
import { closed, opened } from './handles.js'
import { pin, pinWords, Struct } from './memory.js'

/** The native side of a buffer: outlives the Buffer object by one finalizer, and is destroyed once. */
export class BufferHandle {
  alive = true

  constructor(
    readonly client: Client,
    readonly address: bigint,
  ) {
    opened('buffer')
    client.buffers.add(this)
  }

  /** Running programs keep the memory alive; after them it is free. */
  destroy(): void {
    if (!this.alive) return
    this.alive = false
    this.client.buffers.delete(this)
    closed('buffer')
    this.client.destroyBuffer(this.address)
  }
}

/**
 * A safety net for buffers that were not disposed of. Runs on the main thread between tasks, so never during a native call that has the buffer as an
 * argument.
 */
const forgotten = new FinalizationRegistry<BufferHandle>((handle) => handle.destroy())

export class Buffer implements Spec {
  readonly dtype: ElementType
  readonly shape: readonly number[]
  private readonly handle: BufferHandle
  private donated = false

  /** @param address a PJRT_Buffer, owned from now on */
  constructor(
    readonly client: Client,
    readonly device: Device,
    { dtype, shape }: Spec,
    address: bigint,
  ) {
    this.dtype = dtype
    this.shape = shape
    this.handle = new BufferHandle(client, address)
    forgotten.register(this, this.handle, this.handle)
  }

  /** Bytes of the elements, row-major without padding. */
  get byteLength(): number {
    return byteLength(this)
  }

  /** Whether it was disposed of or donated. */
  get isDeleted(): boolean {
    return !this.handle.alive
  }

  /** The native pointer, for calls that take the buffer. @throws PjrtError when there is none any more */
  address(entry: string): bigint {
    if (this.handle.alive) return this.handle.address
    const why = this.client.isClosed
      ? 'its client was closed'
      : this.donated
        ? 'it was donated to a program, which reused its memory'
        : 'it was disposed of'
    throw new PjrtError(entry, 'FAILED_PRECONDITION', `buffer ${describe(this)} is gone: ${why}`)
  }

  /**
   * The elements, row-major, in JavaScript's memory. Waits for the program that makes them; rejects with its
   * error.
   * @param into memory to reuse, of `byteLength` bytes
   */
  async download(into?: Uint8Array): Promise<Uint8Array> {
    const { events } = this.client
    const { bytes, event } = this.startDownload(into)
    const error = event && (await this.client.track(events.finish(event, 'Buffer_ToHostBuffer')))
    if (error) throw error
    return bytes
  }

  /** As `download`, blocking: for scalars that are known to be ready. */
  downloadSync(): Uint8Array {
    const { bytes, event } = this.startDownload()
    const error = event && this.client.events.take(event, 'Buffer_ToHostBuffer')
    if (error) throw error
    return bytes
  }

  private startDownload(into?: Uint8Array): { bytes: Uint8Array; event?: bigint } {
    const src = this.address('Buffer_ToHostBuffer')
    const size = byteLength(this)
    if (size === 0) return { bytes: new Uint8Array(0) }
    const bytes = into?.byteLength === size ? into : uninitialized(size)
    const call = this.client.plugin.call('Buffer_ToHostBuffer', {
      src,
      host_layout: rowMajor(this.shape.length),
      dst: pin(bytes),
      dst_size: size,
    })
    return { bytes, event: this.client.events.own(call.word('event')) }
  }

  /** Frees the memory, once no running program needs it. Idempotent. */
  dispose(): void {
    if (!this.handle.alive) return
    forgotten.unregister(this.handle)
    this.handle.destroy()
  }

  /** Whether the plugin says that the memory is gone: after a run that failed, it may or may not be. */
  wasTaken(): boolean {
    const entry = 'Buffer_IsDeleted'
    return this.client.plugin.call(entry, { buffer: this.address(entry) }).number('is_deleted') !== 0
  }

  /** Frees the empty handle that a program left when it took the memory. */
  markDonated(): void {
    this.donated = true
    this.dispose()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Buffer ${describe(this)} on ${this.device.description}${this.isDeleted ? ' (deleted)' : ''}`
  }
}

/**
 * Zeroing memory that is overwritten at once costs as much as the copy. From 4 KiB on malloc's memory is taken as it
 * is.
 */
function uninitialized(size: number): Uint8Array {
  return size < 4096 ? new Uint8Array(new ArrayBuffer(size)) : new Uint8Array(NodeBuffer.allocUnsafeSlow(size).buffer)
}

const layouts: Struct[] = []

/** Without a layout, TPUs and GPUs would give their own order of dims. */
function rowMajor(rank: number): Struct {
  return (layouts[rank] ??= new Struct(structs.BufferMemoryLayout, {
    tiled_struct_size: 56,
    minor_to_major: pinWords(Array.from({ length: rank }, (_, i) => rank - 1 - i)),
    minor_to_major_size: rank,
  }))
}
