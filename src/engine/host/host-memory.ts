import type { DType } from '../../tensor/dtype.js'
import { productOf } from '../../tensor/dim.js'
import { ARRAY_OF, HELD_AS, type Numbers } from './arrays.js'
import type { Memory } from './memory.js'

/** A handle of numbers in JavaScript's memory; null once it is freed. */
export interface HostArray {
  data: { readonly numbers: Numbers; handles: number } | null
}

/** Typed arrays, whose memory is reused from operation to operation. */
export class HostMemory implements Memory<HostArray> {
  readonly library = null
  private readonly pool = new Pool()
  private scope: HostArray[] | null = null
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

  array(numbers: Numbers): HostArray {
    this.count.bytes += numbers.byteLength
    return this.handle({ numbers, handles: 0 })
  }

  allocate(sizes: readonly number[], dtype: DType): Numbers {
    const kind = ARRAY_OF[HELD_AS[dtype]]
    const count = productOf(sizes)
    const memory = this.pool.take(count * kind.BYTES_PER_ELEMENT)
    return memory ? new kind(memory) : new kind(count)
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
    this.pool.put(data.numbers.buffer as ArrayBuffer)
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
    }
  }

  trim(): void {
    this.pool.clear()
  }

  private handle(data: NonNullable<HostArray['data']>): HostArray {
    data.handles++
    this.count.arrays++
    const made = { data }
    this.scope?.push(made)
    return made
  }
}

/** Smaller arrays are left to the garbage collector. */
const LEAST_BYTES = 1 << 14

/**
 * Memory of arrays that are no longer needed, by size. A program's runs use the same sizes again and again, and memory
 * fresh from the system costs more to touch for the first time than most operations take.
 */
class Pool {
  private readonly free = new Map<number, ArrayBuffer[]>()

  take(bytes: number): ArrayBuffer | undefined {
    return this.free.get(bytes)?.pop()
  }

  put(memory: ArrayBuffer): void {
    const bytes = memory.byteLength
    if (bytes < LEAST_BYTES) return
    const same = this.free.get(bytes)
    if (same) same.push(memory)
    else this.free.set(bytes, [memory])
  }

  clear(): void {
    this.free.clear()
  }
}
