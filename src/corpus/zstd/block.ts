/** A compressed block: literals, and sequences that copy from them and from what was unpacked before. RFC 8878, 3.1.1.3. */
import { BackwardBits } from './bits.js'
import { ZstdError } from './error.js'
import { buildTable, constantTable, readTable, type FseTable } from './fse.js'
import { blockBytes, type History } from './history.js'
import { decodeHuffman, readHuffman, type HuffmanTable } from './huffman.js'

/** What a block takes over from those before it in its frame. */
export interface FrameState {
  readonly history: History
  readonly offsets: [number, number, number]
  huffman?: HuffmanTable
  /** Of literal lengths, offsets and match lengths. */
  tables?: readonly [FseTable, FseTable, FseTable]
}

export function startFrame(history: History): FrameState {
  return { history, offsets: [1, 4, 8] }
}

/** Code -> extra bits and the smallest value. */
function codes(extraBits: readonly number[], first: number) {
  const base = new Int32Array(extraBits.length)
  extraBits.forEach((_, i) => (base[i] = i === 0 ? first : base[i - 1] + 2 ** extraBits[i - 1]))
  return { bits: Uint8Array.from(extraBits), base }
}
const zeros = (count: number) => Array<number>(count).fill(0)
const literalCodes = codes([...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 0)
const matchCodes = codes([...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 3)

const ones = (count: number) => Array<number>(count).fill(1)
const rare = (count: number) => Array<number>(count).fill(-1)
/** Literal lengths, offsets, match lengths: the order in which tables are stored. */
const kinds = [
  {
    maxAccuracyLog: 9,
    maxSymbol: 35,
    predefined: buildTable(
      [4, 3, ...Array<number>(11).fill(2), 1, 1, 1, ...Array<number>(9).fill(2), 3, 2, ...ones(5), ...rare(4)],
      6,
    ),
  },
  { maxAccuracyLog: 8, maxSymbol: 31, predefined: buildTable([...ones(6), 2, 2, 2, ...ones(15), ...rare(5)], 5) },
  {
    maxAccuracyLog: 9,
    maxSymbol: 52,
    predefined: buildTable([1, 4, 3, ...Array<number>(6).fill(2), ...ones(37), ...rare(7)], 6),
  },
] as const

const literals = new Uint8Array(blockBytes)

/** Unpacks bytes[start, end) to the end of the history, which has room for it. */
export function decodeBlock(state: FrameState, bytes: Uint8Array, start: number, end: number): void {
  const { size, end: sequencesStart } = readLiterals(state, bytes, start, end)
  let at = sequencesStart
  if (at >= end) throw new ZstdError('a block is cut off')
  let count = bytes[at++]
  if (count > 127) {
    if (at + (count === 255 ? 2 : 1) > end) throw new ZstdError('a block is cut off')
    count = count === 255 ? bytes[at++] + (bytes[at++] << 8) + 0x7f00 : ((count - 128) << 8) + bytes[at++]
  }
  const limit = state.history.end + blockBytes
  let used = 0
  if (count > 0) used = runSequences(state, bytes, readTables(state, bytes, at, end), end, { count, size, limit })
  else if (at !== end) throw new ZstdError('a block has bytes left')
  const { history } = state
  if (history.end + size - used > limit) throw new ZstdError('a block is too long')
  history.bytes.set(literals.subarray(used, size), history.end)
  history.end += size - used
}

/** Fills `literals`; returns how many there are, and where they end in the block. */
function readLiterals(state: FrameState, bytes: Uint8Array, start: number, end: number): { size: number; end: number } {
  if (start >= end) throw new ZstdError('a block is cut off')
  const [b0, b1, b2, b3, b4] = [0, 1, 2, 3, 4].map((i) => bytes[start + i])
  const type = b0 & 3
  const format = (b0 >> 2) & 3
  let at = start + literalsHeader(b0)
  if (at > end) throw new ZstdError('a block is cut off')
  let size: number
  let packed = 0
  if (type < 2)
    size = format === 3 ? (b0 >> 4) | (b1 << 4) | (b2 << 12) : format === 1 ? (b0 >> 4) | (b1 << 4) : b0 >> 3
  else if (format < 2) [size, packed] = [(b0 >> 4) | ((b1 & 63) << 4), (b1 >> 6) | (b2 << 2)]
  else if (format === 2) [size, packed] = [(b0 >> 4) | (b1 << 4) | ((b2 & 3) << 12), (b2 >> 2) | (b3 << 6)]
  else [size, packed] = [(b0 >> 4) | (b1 << 4) | ((b2 & 63) << 12), (b2 >> 6) | (b3 << 2) | (b4 << 10)]
  if (size > blockBytes) throw new ZstdError('a block is too long')
  const literalsEnd = at + (type === 0 ? size : type === 1 ? 1 : packed)
  if (literalsEnd > end) throw new ZstdError('a block is cut off')
  if (type === 0) literals.set(bytes.subarray(at, literalsEnd))
  else if (type === 1) literals.fill(bytes[at], 0, size)
  else {
    if (type === 2) {
      const read = readHuffman(bytes, at, literalsEnd)
      state.huffman = read.table
      at = read.end
    }
    if (state.huffman === undefined) throw new ZstdError('a block repeats a table that there is not')
    if (format === 0) decodeHuffman(state.huffman, bytes, [at, literalsEnd], literals, [0, size])
    else decodeFourStreams(state.huffman, bytes, at, literalsEnd, size)
  }
  return { size, end: literalsEnd }
}

function literalsHeader(first: number): number {
  const format = (first >> 2) & 3
  if ((first & 3) < 2) return format === 3 ? 3 : format === 1 ? 2 : 1
  return format < 2 ? 3 : format + 2
}

function decodeFourStreams(table: HuffmanTable, bytes: Uint8Array, start: number, end: number, size: number): void {
  const part = (size + 3) >> 2
  if (start + 6 > end || 3 * part > size) throw new ZstdError('literals are cut off')
  let at = start + 6
  for (let i = 0; i < 4; i++) {
    const next = i === 3 ? end : at + bytes[start + 2 * i] + (bytes[start + 2 * i + 1] << 8)
    if (next > end) throw new ZstdError('literals are cut off')
    decodeHuffman(table, bytes, [at, next], literals, [i * part, i === 3 ? size : (i + 1) * part])
    at = next
  }
}

/** Reads or repeats the three tables. Returns where the bits of the sequences begin. */
function readTables(state: FrameState, bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) throw new ZstdError('a block is cut off')
  const modes = bytes[start]
  if ((modes & 3) !== 0) throw new ZstdError('a reserved bit is set')
  let at = start + 1
  const tables = kinds.map(({ predefined, ...limits }, i) => {
    const mode = (modes >> (6 - 2 * i)) & 3
    if (mode === 0) return predefined
    if (mode === 1) {
      const symbol = at < end ? bytes[at++] : limits.maxSymbol + 1
      if (symbol > limits.maxSymbol) throw new ZstdError('a code is out of range')
      return constantTable(symbol)
    }
    if (mode === 3) {
      if (state.tables === undefined) throw new ZstdError('a block repeats a table that there is not')
      return state.tables[i]
    }
    const read = readTable(bytes, at, end, limits)
    at = read.end
    return read.table
  })
  state.tables = [tables[0], tables[1], tables[2]]
  return at
}

/** Copies literals and matches. Returns how many literals were used. */
function runSequences(
  { history, offsets, tables }: FrameState,
  packed: Uint8Array,
  start: number,
  end: number,
  { count, size, limit }: { count: number; size: number; limit: number },
): number {
  const [literalTable, offsetTable, matchTable] = tables!
  const stream = new BackwardBits(packed, start, end)
  let literalState = stream.read(literalTable.accuracyLog)
  let offsetState = stream.read(offsetTable.accuracyLog)
  let matchState = stream.read(matchTable.accuracyLog)
  const { bytes } = history
  let at = history.end
  let used = 0
  for (let left = count; left > 0; left--) {
    const offsetCode = offsetTable.symbols[offsetState]
    const matchCode = matchTable.symbols[matchState]
    const literalCode = literalTable.symbols[literalState]
    const value = 2 ** offsetCode + stream.read(offsetCode)
    const length = matchCodes.base[matchCode] + stream.read(matchCodes.bits[matchCode])
    const before = literalCodes.base[literalCode] + stream.read(literalCodes.bits[literalCode])
    if (left > 1) {
      literalState = literalTable.base[literalState] + stream.read(literalTable.bits[literalState])
      matchState = matchTable.base[matchState] + stream.read(matchTable.bits[matchState])
      offsetState = offsetTable.base[offsetState] + stream.read(offsetTable.bits[offsetState])
    }
    const offset = nextOffset(offsets, value, before)
    if (used + before > size || at + before + length > limit) throw new ZstdError('a sequence is too long')
    if (before > 32) bytes.set(literals.subarray(used, used + before), at)
    else for (let i = 0; i < before; i++) bytes[at + i] = literals[used + i]
    used += before
    at += before
    if (offset > at || offset < 1) throw new ZstdError('a match begins before the window')
    if (length > 32 && offset >= length) bytes.copyWithin(at, at - offset, at - offset + length)
    else for (let i = 0; i < length; i++) bytes[at + i] = bytes[at - offset + i]
    at += length
  }
  if (stream.left !== 0) throw new ZstdError('sequences do not end where they must')
  history.end = at
  return used
}

/** The last three offsets have short codes. */
function nextOffset(offsets: [number, number, number], value: number, literalsBefore: number): number {
  if (value > 3) {
    offsets[2] = offsets[1]
    offsets[1] = offsets[0]
    return (offsets[0] = value - 3)
  }
  const index = literalsBefore > 0 ? value - 1 : value
  if (index === 0) return offsets[0]
  const offset = index === 3 ? offsets[0] - 1 : offsets[index]
  if (index > 1) offsets[2] = offsets[1]
  offsets[1] = offsets[0]
  return (offsets[0] = offset)
}
