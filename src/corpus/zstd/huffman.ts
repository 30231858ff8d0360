/** Huffman codes of zstd's literals. Source: RFC 8878, 4.2. */
import { BackwardBits, highBit } from './bits.js'
import { ZstdError } from './error.js'
import { readTable } from './fse.js'

/** By the next `maxBits` bits: the symbol, and how many of the bits it takes. */
export interface HuffmanTable {
  readonly maxBits: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
}

/** Longest code. */
const limit = 11

/** Reads the table at bytes[start]. */
export function readHuffman(bytes: Uint8Array, start: number, end: number): { table: HuffmanTable; end: number } {
  if (start >= end) throw new ZstdError('a Huffman table is cut off')
  const header = bytes[start]
  const direct = header >= 128
  const tableEnd = start + 1 + (direct ? (header - 126) >> 1 : header)
  if (tableEnd > end) throw new ZstdError('a Huffman table is cut off')
  const weights = direct
    ? Array.from({ length: header - 127 }, (_, i) => (bytes[start + 1 + (i >> 1)] >> (i & 1 ? 0 : 4)) & 15)
    : readWeights(bytes, start + 1, tableEnd)
  return { table: buildHuffman(weights), end: tableEnd }
}

/** Weights coded by two states in turn, until the bits are used up. */
function readWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, end: bitsStart } = readTable(bytes, start, end, { maxAccuracyLog: 6, maxSymbol: 255 })
  const stream = new BackwardBits(bytes, bitsStart, end)
  const states = [stream.read(table.accuracyLog), stream.read(table.accuracyLog)]
  const weights: number[] = []
  for (let turn = 0; ; turn ^= 1) {
    const state = states[turn]
    weights.push(table.symbols[state])
    states[turn] = table.base[state] + stream.read(table.bits[state])
    if (stream.left < 0) {
      weights.push(table.symbols[states[turn ^ 1]])
      return weights
    }
    if (weights.length > 254) throw new ZstdError('a Huffman table has too many symbols')
  }
}

/** A symbol of weight w takes 2^(w - 1) entries; the last weight fills the table up to a power of two. */
function buildHuffman(weights: number[]): HuffmanTable {
  let sum = 0
  for (const weight of weights) {
    if (weight > limit) throw new ZstdError('a Huffman code is too long')
    if (weight > 0) sum += 1 << (weight - 1)
  }
  if (sum === 0) throw new ZstdError('a Huffman table is empty')
  const maxBits = highBit(sum) + 1
  const rest = (1 << maxBits) - sum
  if (maxBits > limit || (rest & (rest - 1)) !== 0) throw new ZstdError('a Huffman table is inconsistent')
  const all = [...weights, highBit(rest) + 1]
  if (all.length > 256) throw new ZstdError('a Huffman table has too many symbols')
  const symbols = new Uint8Array(1 << maxBits)
  const bits = new Uint8Array(1 << maxBits)
  let at = 0
  for (let weight = 1; weight <= maxBits; weight++) {
    all.forEach((each, symbol) => {
      if (each !== weight) return
      symbols.fill(symbol, at, at + (1 << (weight - 1)))
      bits.fill(maxBits + 1 - weight, at, (at += 1 << (weight - 1)))
    })
  }
  if (at !== 1 << maxBits) throw new ZstdError('a Huffman table is inconsistent')
  return { maxBits, symbols, bits }
}

/** Decodes bytes[start, end) into out[from, to), which it must fill to the last bit. */
export function decodeHuffman(
  { maxBits, symbols, bits }: HuffmanTable,
  bytes: Uint8Array,
  [start, end]: readonly [number, number],
  out: Uint8Array,
  [from, to]: readonly [number, number],
): void {
  let { left } = new BackwardBits(bytes, start, end)
  const mask = (1 << maxBits) - 1
  for (let i = from; i < to; i++) {
    const low = left - maxBits
    let index: number
    if (low >= 0) {
      const byte = start + (low >> 3)
      index = ((bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16)) >>> (low & 7)) & mask
    } else if (left > 0) index = ((bytes[start] | (bytes[start + 1] << 8)) << -low) & mask
    else throw new ZstdError('literals are cut off')
    out[i] = symbols[index]
    left -= bits[index]
  }
  if (left !== 0) throw new ZstdError('literals do not end where they must')
}
