/** Something that several hold, freed when the last one lets go of it. */
export class Shared<T> {
  private holders = 1

  constructor(
    readonly value: T,
    private readonly free: (value: T) => void,
  ) {}

  hold(): this {
    this.holders++
    return this
  }

  release(): void {
    if (--this.holders === 0) this.free(this.value)
  }
}

/** What was computed of beginnings of prompts, up to a number of bytes; the least recently used is dropped first. */
export class PrefixCache<T> {
  /** By the tokens; the most recently used comes last. */
  private readonly entries = new Map<string, { readonly held: Shared<T>; readonly bytes: number }>()
  private bytes = 0

  constructor(
    private readonly limit: number,
    private readonly bytesOf: (value: T) => number,
  ) {}

  /** Bytes that are held. */
  get size(): number {
    return this.bytes
  }

  /** The longest beginning of a prompt that is a multiple of `step` and shorter than the prompt; the caller holds it then. */
  find(prompt: readonly number[], step: number): { readonly length: number; readonly held: Shared<T> } | null {
    if (this.entries.size === 0) return null
    for (let length = Math.floor((prompt.length - 1) / step) * step; length > 0; length -= step) {
      const key = keyOf(prompt, length)
      const entry = this.entries.get(key)
      if (!entry) continue
      this.entries.delete(key)
      this.entries.set(key, entry)
      return { length, held: entry.held.hold() }
    }
    return null
  }

  /** Keeps what was computed of the first `length` tokens. */
  keep(prompt: readonly number[], length: number, held: Shared<T>): void {
    const key = keyOf(prompt, length)
    const bytes = this.bytesOf(held.value)
    if (bytes > this.limit || this.entries.has(key)) return
    this.entries.set(key, { held: held.hold(), bytes })
    this.bytes += bytes
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.limit) break
      this.drop(oldest)
    }
  }

  clear(): void {
    for (const key of [...this.entries.keys()]) this.drop(key)
  }

  private drop(key: string): void {
    const { held, bytes } = this.entries.get(key)!
    this.entries.delete(key)
    this.bytes -= bytes
    held.release()
  }
}

const keyOf = (prompt: readonly number[], length: number): string => prompt.slice(0, length).join()
