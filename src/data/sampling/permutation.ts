/**
 * A pseudo-random permutation of 0 .. size - 1 with no table: position -> item in constant time and memory.
 * A Feistel network permutes the next power of four, and positions that land outside are sent through again
 * ("cycle walking", Black and Rogaway 2002).
 */

const rounds = 8

/** 32-bit finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
export function mix32(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Hashes integers (each up to 2^53) to 32 bits. */
export function hash32(...values: number[]): number {
  let h = 0x9e3779b9
  for (const value of values) h = mix32(mix32(h ^ (value % 2 ** 32)) + Math.floor(value / 2 ** 32) + 0x9e3779b9)
  return h
}

/** The permutation that `key` (two integers: seed and epoch, say) picks. `size`: 1 to 2^32. */
export function permutation(size: number, ...key: number[]): (position: number) => number {
  let halfBits = 1
  while (4 ** halfBits < size) halfBits++
  const mask = 2 ** halfBits - 1
  const keys = Array.from({ length: rounds }, (_, round) => hash32(...key, round))

  function once(position: number): number {
    let left = Math.floor(position / (mask + 1))
    let right = position & mask
    for (const roundKey of keys) [left, right] = [right, left ^ (mix32(right ^ roundKey) & mask)]
    return left * (mask + 1) + (right >>> 0)
  }
  return (position) => {
    let item = once(position)
    while (item >= size) item = once(item)
    return item
  }
}
