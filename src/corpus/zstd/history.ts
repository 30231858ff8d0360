/** The last bytes that were unpacked, which later ones repeat. */

/** Bytes that a block unpacks to, at most. */
export const blockBytes = 1 << 17

/**
 * Memory grows with what has been unpacked, up to the window that the archive asks for and an eighth more: archives made
 * with --long=31 ask for 2 GiB, however small they are.
 */
export class History {
  bytes: Uint8Array = new Uint8Array(0)
  /** Where the next byte goes. */
  end = 0

  constructor(private readonly windowBytes: number) {}

  /** Makes room for a block. */
  reserve(): void {
    const needed = this.end + blockBytes
    if (needed <= this.bytes.length) return
    const most = this.windowBytes + Math.max(Math.floor(this.windowBytes / 8), 4 * blockBytes)
    if (needed <= most) {
      const grown = new Uint8Array(Math.min(most, Math.max(needed, 2 * this.bytes.length)))
      grown.set(this.bytes.subarray(0, this.end))
      this.bytes = grown
      return
    }
    this.bytes.copyWithin(0, this.end - this.windowBytes, this.end)
    this.end = this.windowBytes
  }
}
