import { ByteStringTable } from '../tables/byte-string-table.js'
import { grown } from '../tables/grow.js'
import { WordWindow } from '../encode/word-window.js'
import { eachWord, type WordSink } from '../encode/words.js'

const NEWLINE = 0x0a

/** The count of each word. Memory grows only with the number of distinct words. */
export class WordCounts implements WordSink {
  readonly words = new ByteStringTable()
  /** By word number; exact up to 2^53. */
  counts = new Float64Array(1 << 11)
  private readonly window = new WordWindow(this)

  word(bytes: Uint8Array, start: number, end: number): void {
    const number = this.words.intern(bytes, start, end)
    if (number >= this.counts.length) this.counts = grown(this.counts, number + 1)
    this.counts[number]++
  }

  /** Counts the words of one complete text. */
  addText(text: string): void {
    this.window.writeText(text)
    this.window.finish()
  }

  /** Counts the words of a piece of a file, where each line, with its newline, is one text; a line may span pieces. */
  addLines(piece: Uint8Array): void {
    let start = 0
    for (let end = piece.indexOf(NEWLINE) + 1; end > 0; end = piece.indexOf(NEWLINE, start) + 1) {
      if (this.window.isEmpty) eachWord(piece, start, end, this)
      else {
        this.window.writeBytes(piece.subarray(start, end))
        this.window.finish()
      }
      start = end
    }
    if (start < piece.length) this.window.writeBytes(piece.subarray(start))
  }

  /** Ends a file; its last line may lack a newline. */
  endLines(): void {
    this.window.finish()
  }
}
