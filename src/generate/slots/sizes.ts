/** Sizes in which the programs of an engine are compiled: few, and functions of the position, so that a token's numbers are. */
export interface Sizes {
  /** Tokens of a chunk. */
  readonly chunk: number
  /** Positions that a cache has room for to hold `positions` of them. */
  cache(positions: number): number
  /** Positions of the cache with which a chunk from `offset` on is computed: of a full chunk too, so that cached prefixes fit. */
  chunkCache(offset: number): number
  /** Tokens, with padding, that a chunk of `length` tokens from `offset` on is computed with. */
  width(length: number, offset: number): number
}

/**
 * Sums over a cache are cut into groups, the last of which may be computed in another way. In caches whose sizes are
 * multiples of this, what is after a row's last position then changes no bit of the sum.
 */
const ALIGNMENT = 64

/**
 * Sizes for slots of `capacity` positions. `lengthsAt(size)` are the lengths of the dims of caches for `size` positions. Those
 * that grow with the size are kept multiples of `ALIGNMENT`; others are the same in all sizes.
 */
export function sizesOf(capacity: number, wanted: number, lengthsAt: (size: number) => readonly number[]): Sizes {
  const chunk = Math.min(wanted, roundUp(capacity, 8))
  const enough = Math.ceil(capacity / chunk) * chunk
  const extra = extraOf(ALIGNMENT, lengthsAt)
  const aligned = (size: number) => roundUp(size + extra, ALIGNMENT) - extra
  const largest = aligned(enough)
  const twice = (size: number) => 2 * (size + extra) - extra
  let smallest = aligned(chunk)
  while (smallest < largest && !growsBy(smallest, twice(smallest), extra, lengthsAt)) smallest = twice(smallest)
  const cache = (positions: number) => {
    let size = smallest
    while (size < positions) size = twice(size)
    return Math.min(size, largest)
  }
  return {
    chunk,
    cache,
    chunkCache: (offset) => cache(offset + chunk),
    width: (length, offset) => Math.min(chunk, roundUp(length, Math.ceil(chunk / (offset === 0 ? 8 : 4)))),
  }
}

/** By how much a dim that grows with the size is longer: slots that come first. */
function extraOf(size: number, lengthsAt: (size: number) => readonly number[]): number {
  const more = lengthsAt(size + 1)
  const growing = lengthsAt(size).filter((length, i) => more[i] === length + 1)
  return Math.max(0, ...growing.map((length) => length - size))
}

/** Whether each dim is as long at both sizes, or as long as the size and `extra`. */
function growsBy(size: number, next: number, extra: number, lengthsAt: (size: number) => readonly number[]): boolean {
  const after = lengthsAt(next)
  return lengthsAt(size).every(
    (length, i) => length === after[i] || (length === size + extra && after[i] === next + extra),
  )
}

const roundUp = (x: number, step: number): number => Math.ceil(x / step) * step
