import type { DType } from '../../tensor/dtype.js'
import { productOf } from '../../tensor/dim.js'
import { ARRAY_OF, HELD_AS, type Numbers } from './arrays.js'
import type { Memory } from './memory.js'
import type { Observer } from './plan.js'
import { heap } from './wasm/heap.js'

/** A handle of numbers in JavaScript's memory; null once it is freed. */
export interface HostArray {
  data: { readonly numbers: Numbers; handles: number } | null
}

/** Typed arrays in the memory that WebAssembly works on; outside of it where that is full. */
export class HostMemory implements Memory<HostArray> {
  readonly library = null
  observer?: Observer
  check?: () => void
  private scope: HostArray[] | null = null
  /** What is allocated and not yet an array. */
  private readonly loose = new Set<Numbers>()
  private readonly count = { arrays: 0, bytes: 0 }

  /** Arrays that are not freed, and their bytes. */
  get live(): { readonly arrays: number; readonly bytes: number } {
    return { ...this.count }
  }

  read(x: HostArray): Numbers {
    return this.numbers(x)
  }

  numbers({ data }: HostArray): Numbers {
    if (!data) throw new Error('an array is read after it was freed')
    return data.numbers
  }

  array(given: Numbers): HostArray {
    const numbers = this.placed(given)
    this.loose.delete(numbers)
    this.count.bytes += numbers.byteLength
    return this.handle({ numbers, handles: 0 })
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

  share({ data }: HostArray): HostArray {
    return this.handle(data!)
  }

  keep(x: HostArray): HostArray {
    return x // no scope is open where a run ends
  }

  free(x: HostArray): void {
    const { data } = x
    if (!data) return
    x.data = null
    this.count.arrays--
    if (--data.handles > 0) return
    this.count.bytes -= data.numbers.byteLength
    release(data.numbers)
  }

  scoped(f: () => HostArray[]): HostArray[] {
    const outer = this.scope
    const made: HostArray[] = (this.scope = [])
    let results = new Set<HostArray>()
    try {
      const list = f()
      results = new Set(list)
      return list
    } finally {
      this.scope = outer
      for (const x of made)
        if (!results.has(x)) this.free(x)
        else outer?.push(x)
      if (!outer) this.releaseLoose()
    }
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

  private handle(data: NonNullable<HostArray['data']>): HostArray {
    data.handles++
    this.count.arrays++
    const made = { data }
    this.scope?.push(made)
    return made
  }
}

function release(numbers: Numbers): void {
  if (heap().owns(numbers)) heap().free(numbers.byteOffset, numbers.byteLength)
}
