import { grown } from '../tables/grow.js'
import { LOOKAHEAD, eachWord, wordEnd, type WordSink } from './words.js'

/** Bytes collected before words are emitted, so that a short text is scanned once. */
const BLOCK = 1 << 16
const encoder = new TextEncoder()

/**
 * One text that arrives in pieces. Emits words as soon as no later byte can change them, so the words do not depend on
 * the boundaries of pieces, and only about 64 KiB (or twice the longest word) are buffered.
 */
export class WordWindow {
  private bytes = new Uint8Array(4 * BLOCK)
  private length = 0
  private threshold = BLOCK

  constructor(private readonly sink: WordSink) {}

  get isEmpty(): boolean {
    return this.length === 0
  }

  /** Adds text, which must not end inside a surrogate pair. A lone surrogate becomes U+FFFD. */
  writeText(text: string): void {
    for (let at = 0; at < text.length;) {
      // Pieces grow with a long word: otherwise each small piece would rescan all of it.
      let end = Math.min(text.length, at + Math.max(BLOCK, this.length))
      if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--
      const piece = at === 0 && end === text.length ? text : text.slice(at, end)
      this.bytes = grown(this.bytes, this.length + 3 * piece.length)
      this.length += encoder.encodeInto(piece, this.bytes.subarray(this.length)).written
      at = end
      this.takeSettled()
    }
  }

  /** Adds bytes of UTF-8, which must not end inside a character. */
  writeBytes(piece: Uint8Array): void {
    this.bytes = grown(this.bytes, this.length + piece.length)
    this.bytes.set(piece, this.length)
    this.length += piece.length
    this.takeSettled()
  }

  /** Ends the text and emits the rest. The next write begins a new text. */
  finish(): void {
    eachWord(this.bytes, 0, this.length, this.sink)
    this.length = 0
    this.threshold = BLOCK
  }

  private takeSettled(): void {
    if (this.length < this.threshold) return
    const limit = this.length - LOOKAHEAD
    let at = 0
    while (at < limit) {
      const next = wordEnd(this.bytes, at, this.length)
      if (next > limit) break
      this.sink.word(this.bytes, at, next)
      at = next
    }
    this.bytes.copyWithin(0, at, this.length)
    this.length -= at
    this.threshold = Math.max(BLOCK, 2 * this.length)
  }
}

export const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00
