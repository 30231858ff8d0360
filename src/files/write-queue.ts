/** Ordered writes to one file. */
export interface WriteQueue {
  /** Bytes passed to `write` so far. */
  readonly size: number
  /** Appends bytes. Calls may be concurrent. */
  write(data: Uint8Array | string): Promise<void>
  /** Resolves when everything is appended; rejects with the first failure. */
  settled(): Promise<void>
}

/** Appends one piece at a time, in the order of the calls, and none after a failure. */
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
