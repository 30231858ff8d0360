import { MOST_PAGES } from './assembler.js'

/** What of WebAssembly is used; Node's types lack it. */
interface WasmMemory {
  readonly buffer: ArrayBufferLike
  grow(pages: number): number
}
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory
}

const PAGE = 65536
/** The memory grows by this many pages at least: 16 MiB. */
const GROWTH = 256
/** Addresses are multiples of a cache line. */
const LINE = 64
/** Pages of a memory that cannot grow, where there is none that can: 1 GiB, of which systems provide what is used. */
const FIXED_PAGES = 16384
/** Arrays end here; the rest is for copies of arrays that lie outside, while a kernel runs. */
const ARRAY_PAGES = MOST_PAGES - FIXED_PAGES

/**
 * The memory that WebAssembly works on, and an allocator in it. It is shared memory, although only one thread may use it:
 * growing then leaves arrays that lie in it as they are. It never shrinks; what is freed is used again, and the whole is given
 * back when no engine is open.
 */
export class Heap {
  readonly memory: WasmMemory
  readonly shared: boolean
  private readonly buffers = new WeakSet<ArrayBufferLike>()
  /** Free blocks by size: a program's runs use the same sizes again and again. */
  private readonly blocks = new Map<number, number[]>()
  /** Other free memory, by address. */
  private ranges: { start: number; end: number }[] = []
  private end: number
  private current: ArrayBufferLike

  constructor() {
    let memory: WasmMemory | undefined
    try {
      memory = new WebAssembly.Memory({ initial: GROWTH, maximum: MOST_PAGES, shared: true })
    } catch {
      // Not every browser has shared memory, nor every device 4 GiB of addresses.
    }
    this.shared = memory !== undefined
    this.memory = memory ?? new WebAssembly.Memory({ initial: FIXED_PAGES })
    this.current = this.memory.buffer
    this.buffers.add(this.current)
    // Kernels may read, but not use, some numbers behind an array.
    this.end = this.current.byteLength - LINE
    this.ranges = [{ start: LINE, end: this.end }]
  }

  /** The memory, for views of what `allocate` returned last. */
  get buffer(): ArrayBufferLike {
    return this.current
  }

  /** Whether an array lies in it. */
  owns({ buffer }: { readonly buffer: ArrayBufferLike }): boolean {
    return this.buffers.has(buffer)
  }

  /** The address of N uninitialised bytes; -1 if there is no room. */
  allocate(bytes: number, mostPages = ARRAY_PAGES): number {
    const size = rounded(bytes)
    const same = this.blocks.get(size)?.pop()
    if (same !== undefined) return same
    return this.cut(size) ?? (this.merge(), this.cut(size)) ?? (this.grow(size, mostPages) ? this.cut(size)! : -1)
  }

  free(address: number, bytes: number): void {
    const size = rounded(bytes)
    const same = this.blocks.get(size)
    if (same) same.push(address)
    else this.blocks.set(size, [address])
  }

  /** Makes of free blocks as large ones as there are. */
  merge(): void {
    const all = [...this.ranges]
    for (const [size, starts] of this.blocks) for (const start of starts) all.push({ start, end: start + size })
    this.blocks.clear()
    all.sort((a, b) => a.start - b.start)
    this.ranges = []
    for (const range of all) {
      const last = this.ranges.at(-1)
      if (last?.end === range.start) last.end = range.end
      else this.ranges.push({ ...range })
    }
  }

  private cut(size: number): number | undefined {
    const range = this.ranges.find(({ start, end }) => end - start >= size)
    if (!range) return undefined
    range.start += size
    return range.start - size
  }

  private grow(size: number, mostPages: number): boolean {
    const now = this.current.byteLength / PAGE
    const last = this.ranges.at(-1)
    // The new pages join what is free before them.
    const missing = size - (last?.end === this.end ? last.end - last.start : 0)
    const pages = Math.min(Math.max(Math.ceil(missing / PAGE), GROWTH, now >> 3), mostPages - now)
    if (!this.shared || pages * PAGE < missing) return false
    try {
      this.memory.grow(pages)
    } catch {
      return false
    }
    this.current = this.memory.buffer
    this.buffers.add(this.current)
    this.ranges.push({ start: this.end, end: this.end + pages * PAGE })
    this.end += pages * PAGE
    this.merge()
    return true
  }
}

const rounded = (bytes: number) => Math.max(LINE, Math.ceil(bytes / LINE) * LINE)

let only: Heap | undefined

/** The heap of this thread: programs of all engines that are open work on one memory. */
export const heap = (): Heap => (only ??= new Heap())

/**
 * Gives the memory back as soon as no array in it is referenced; the next engine has a new one. WebAssembly cannot shrink a
 * memory that is in use.
 */
export function dropHeap(): void {
  only = undefined
}

/** A value that is made once for each heap, as functions are, which work on one. */
export function perHeap<T>(make: () => T): () => T {
  let of: Heap | undefined
  let made: T
  return () => {
    if (of !== heap()) [of, made] = [heap(), make()]
    return made
  }
}
