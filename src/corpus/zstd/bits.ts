/** Bits of a zstd stream that is read from its end to its beginning. Source: RFC 8878, 4.1 and 4.2.2. */
import { ZstdError } from './error.js'

/** Position of the highest set bit; `value` >= 1. */
export const highBit = (value: number) => 31 - Math.clz32(value)

export class BackwardBits {
  /** Bits that are left. Below 0: zeros have been read beyond the beginning. */
  left: number

  /** bytes[start, end): the highest bit set in the last byte marks the end of the bits. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly start: number,
    end: number,
  ) {
    const last = end > start ? bytes[end - 1] : 0
    if (last === 0) throw new ZstdError('a bit stream has no end mark')
    this.left = (end - start - 1) * 8 + highBit(last)
  }

  /** The next `count` bits, 0 to 31. */
  read(count: number): number {
    if (count > 16) {
      const high = this.read(count - 16)
      return high * 0x10000 + this.read(16)
    }
    this.left -= count
    if (this.left < 0) {
      const there = this.left + count
      return there > 0 ? (this.at(0) & ((1 << there) - 1)) << -this.left : 0
    }
    return this.at(this.left) & ((1 << count) - 1)
  }

  /** 17 bits or more from a bit position on, counted from the beginning. */
  private at(position: number): number {
    const byte = this.start + (position >> 3)
    const { bytes } = this
    return (bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16)) >>> (position & 7)
  }
}
