/** Tables of finite state entropy, zstd's arithmetic coder. Source: RFC 8878, 4.1. */
import { highBit } from './bits.js'
import { ZstdError } from './error.js'

/** By state: its symbol, and the next state as `base` plus the next `bits` bits. */
export interface FseTable {
  readonly accuracyLog: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly base: Uint16Array
}

/** A table that gives one symbol at the cost of no bits. */
export function constantTable(symbol: number): FseTable {
  return { accuracyLog: 0, symbols: Uint8Array.of(symbol), bits: Uint8Array.of(0), base: Uint16Array.of(0) }
}

/** The table of these probabilities, in units of 2^-accuracyLog; -1 is "less than one". */
export function buildTable(probabilities: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog
  const symbols = new Uint8Array(size)
  const bits = new Uint8Array(size)
  const base = new Uint16Array(size)
  const next = probabilities.map((probability) => (probability === -1 ? 1 : probability))
  let high = size
  probabilities.forEach((probability, symbol) => {
    if (probability === -1) symbols[--high] = symbol
  })
  const step = (size >> 1) + (size >> 3) + 3
  let at = 0
  probabilities.forEach((probability, symbol) => {
    for (let i = 0; i < probability; i++) {
      symbols[at] = symbol
      do at = (at + step) & (size - 1)
      while (at >= high)
    }
  })
  if (at !== 0) throw new ZstdError('an entropy table is inconsistent')
  for (let state = 0; state < size; state++) {
    const count = next[symbols[state]]++
    bits[state] = accuracyLog - highBit(count)
    base[state] = (count << bits[state]) - size
  }
  return { accuracyLog, symbols, bits, base }
}

/** Reads the table at bytes[start]; `end` is that of the bytes after it, too. */
export function readTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  { maxAccuracyLog, maxSymbol }: { maxAccuracyLog: number; maxSymbol: number },
): { table: FseTable; end: number } {
  let position = start * 8
  const read = (count: number) => {
    const byte = position >> 3
    const value =
      ((bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16)) >>> (position & 7)) & ((1 << count) - 1)
    position += count
    if (position > end * 8) throw new ZstdError('an entropy table is cut off')
    return value
  }
  const accuracyLog = read(4) + 5
  if (accuracyLog > maxAccuracyLog) throw new ZstdError('an entropy table is too large')
  const probabilities: number[] = []
  let remaining = 1 << accuracyLog
  while (remaining > 0 && probabilities.length <= maxSymbol) {
    // Values below a threshold take one bit less.
    const width = highBit(remaining + 1) + 1
    const low = (1 << (width - 1)) - 1
    const threshold = (1 << width) - 2 - remaining
    let value = read(width - 1)
    if (value >= threshold) {
      value += read(1) << (width - 1)
      if (value > low) value -= threshold
    }
    const probability = value - 1
    remaining -= Math.abs(probability)
    probabilities.push(probability)
    for (let zeros = probability === 0 ? 3 : 0; zeros === 3;) {
      zeros = read(2)
      for (let i = 0; i < zeros; i++) probabilities.push(0)
    }
  }
  if (remaining !== 0 || probabilities.length > maxSymbol + 1) throw new ZstdError('an entropy table is inconsistent')
  return { table: buildTable(probabilities, accuracyLog), end: (position + 7) >> 3 }
}
