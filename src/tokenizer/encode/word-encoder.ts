import { ByteStringTable } from '../tables/byte-string-table.js'
import { grown } from '../tables/grow.js'
import type { WordMerger } from './word-merger.js'
import type { WordSink } from './words.js'

/** Limits of the cache, about 6 MB. It is cleared when full: a page of text refills it with the common words. */
const CACHED_WORDS = 1 << 16
const CACHED_BYTES = 1 << 20
/** Longer words rarely recur. */
const CACHED_LENGTH = 64

/** Turns words into token ids, collected in `ids[0, length)`. Caches the ids of recent words. */
export class WordEncoder implements WordSink {
  ids = new Int32Array(1 << 12)
  length = 0
  private readonly seen = new ByteStringTable()
  private seenStarts = new Int32Array(1 << 11) // by word number, into seenIds; the entry after the last is its end
  private seenIds = new Int32Array(1 << 12)
  private symbols = new Int32Array(CACHED_LENGTH)

  constructor(
    private readonly byteIds: Int32Array,
    private readonly merger: WordMerger,
  ) {}

  word(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > CACHED_LENGTH) {
      const count = this.merge(bytes, start, end)
      this.append(this.symbols, 0, count)
      return
    }
    const { seen } = this
    if (seen.size === CACHED_WORDS || seen.textLength > CACHED_BYTES) seen.clear()
    const known = seen.size
    const number = seen.intern(bytes, start, end)
    if (number === known) this.remember(number, this.merge(bytes, start, end))
    this.append(this.seenIds, this.seenStarts[number], this.seenStarts[number + 1])
  }

  /** Appends a token that is not part of a word. */
  token(id: number): void {
    this.ids = grown(this.ids, this.length + 1)
    this.ids[this.length++] = id
  }

  /** A copy of the ids gathered since the last call. */
  take(): Int32Array {
    const ids = this.ids.slice(0, this.length)
    this.length = 0
    return ids
  }

  private append(from: Int32Array, start: number, end: number): void {
    this.ids = grown(this.ids, this.length + end - start)
    const { ids } = this
    let at = this.length
    while (start < end) ids[at++] = from[start++]
    this.length = at
  }

  /** Leaves the word's ids in symbols[0, returned). */
  private merge(bytes: Uint8Array, start: number, end: number): number {
    this.symbols = grown(this.symbols, end - start)
    for (let at = start; at < end; at++) this.symbols[at - start] = this.byteIds[bytes[at]]
    return this.merger.merge(this.symbols, end - start)
  }

  private remember(number: number, count: number): void {
    const start = this.seenStarts[number]
    this.seenStarts = grown(this.seenStarts, number + 2)
    this.seenIds = grown(this.seenIds, start + count)
    for (let at = 0; at < count; at++) this.seenIds[start + at] = this.symbols[at]
    this.seenStarts[number + 1] = start + count
  }
}
