export interface WriteQueue {
  /** Bytes of all that was written so far. */
  readonly size: number
  /** Appends bytes. Several calls may be under way. */
  write(data: Uint8Array | string): Promise<void>
  /** When all is appended; rejects with what one of them has met with. */
  settled(): Promise<void>
}

/** Appends one piece after the other, in the order of the calls; after one that failed, none. */
export function createWriteQueue(append: (bytes: Uint8Array) => Promise<void>): WriteQueue {
  let size = 0
  let tail: Promise<void> = Promise.resolve()
  return {
    get size() {
      return size
    },
    write(data) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data
      size += bytes.length
      tail = tail.then(() => append(bytes))
      return tail
    },
    settled: () => tail,
  }
}
