import type { DType } from '../../tensor/dtype.js'
import { productOf } from '../../tensor/dim.js'
import { ARRAY_OF, HELD_AS, type Numbers } from './arrays.js'
import { Handles, type Handle } from './handles.js'
import type { Memory } from './memory.js'
import type { Observer } from './plan.js'
import { heap } from './wasm/heap.js'

export type HostArray = Handle<Numbers>

/** Typed arrays in the memory that WebAssembly works on; outside of it where that is full. */
export class HostMemory implements Memory<HostArray> {
  readonly library = null
  observer?: Observer
  check?: () => void
  private readonly handles = new Handles<Numbers>((numbers) => {
    this.bytes -= numbers.byteLength
    release(numbers)
  })
  /** What is allocated and not yet an array. */
  private readonly loose = new Set<Numbers>()
  private bytes = 0

  /** Arrays that are not freed, and their bytes. */
  get live(): { readonly arrays: number; readonly bytes: number } {
    return { arrays: this.handles.count, bytes: this.bytes }
  }

  read(x: HostArray): Numbers {
    return this.numbers(x)
  }

  numbers(x: HostArray): Numbers {
    return this.handles.of(x)
  }

  array(given: Numbers): HostArray {
    const numbers = this.placed(given)
    this.loose.delete(numbers)
    this.bytes += numbers.byteLength
    return this.handles.make(numbers)
  }

  allocate(sizes: readonly number[], dtype: DType): Numbers {
    const kind = ARRAY_OF[HELD_AS[dtype]]
    const count = productOf(sizes)
    const address = heap().allocate(count * kind.BYTES_PER_ELEMENT)
    if (address < 0) return new kind(count)
    const numbers = new kind(heap().buffer as ArrayBuffer, address, count)
    this.loose.add(numbers)
    return numbers
  }

  share(x: HostArray): HostArray {
    return this.handles.share(x)
  }

  keep(x: HostArray): HostArray {
    return x // no scope is open where a run ends
  }

  free(x: HostArray): void {
    this.handles.free(x)
  }

  scoped(f: () => HostArray[]): HostArray[] {
    return this.handles.scoped(f, (outermost) => outermost && this.releaseLoose())
  }

  trim(): void {
    heap().merge()
  }

  /** Numbers from elsewhere are copied into the memory of WebAssembly. */
  private placed(numbers: Numbers): Numbers {
    if (this.loose.has(numbers)) return numbers
    const address = heap().allocate(numbers.byteLength)
    if (address < 0) return numbers
    const copy = new (numbers.constructor as typeof Float32Array)(heap().buffer, address, numbers.length)
    copy.set(numbers)
    return copy
  }

  /** What a step that threw had allocated. */
  private releaseLoose(): void {
    for (const numbers of this.loose) release(numbers)
    this.loose.clear()
  }
}

function release(numbers: Numbers): void {
  if (heap().owns(numbers)) heap().free(numbers.byteOffset, numbers.byteLength)
}
