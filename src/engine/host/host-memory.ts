import type { DType } from '../../tensor/dtype.js'
import { productOf } from '../../tensor/dim.js'
import { ARRAY_OF, HELD_AS, type Numbers } from './arrays.js'
import { HandledMemory, type Handle } from './handled-memory.js'
import type { Memory } from './memory.js'
import type { Observer } from './plan.js'
import { heap } from './wasm/heap.js'

export type HostArray = Handle<Numbers>

/** Typed arrays in the memory that WebAssembly works on; outside of it where that is full. */
export class HostMemory extends HandledMemory<Numbers> implements Memory<HostArray> {
  readonly library = null
  observer?: Observer
  check?: () => void
  /** What is allocated and not yet an array. */
  private readonly loose = new Set<Numbers>()
  private bytes = 0

  /** Arrays that are not freed, and their bytes. */
  get live(): { readonly arrays: number; readonly bytes: number } {
    return { arrays: this.handles, bytes: this.bytes }
  }

  read(x: HostArray): Numbers {
    return this.numbers(x)
  }

  numbers(x: HostArray): Numbers {
    return this.held(x)
  }

  array(given: Numbers): HostArray {
    const numbers = this.placed(given)
    this.loose.delete(numbers)
    this.bytes += numbers.byteLength
    return this.handleOf(numbers)
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

  protected release(numbers: Numbers): void {
    this.bytes -= numbers.byteLength
    returned(numbers)
  }

  /** Gives back what a step that threw had allocated. */
  protected override outermostEnded(): void {
    for (const numbers of this.loose) returned(numbers)
    this.loose.clear()
  }
}

function returned(numbers: Numbers): void {
  if (heap().owns(numbers)) heap().free(numbers.byteOffset, numbers.byteLength)
}
