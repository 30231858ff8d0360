import { grown } from '../tables/grow.js'
import { MergeQueue } from './merge-queue.js'
import { PairTable } from '../tables/pair-table.js'
import type { WordCounts } from './word-counts.js'

export interface LearnOptions {
  /** Special tokens, then the bytes, in the order of their ids. */
  firstTokens: readonly string[]
  byteIds: Int32Array
  /** Size of the vocabulary to reach. */
  vocabSize: number
  /** Minimum count of a pair to be merged. */
  minFrequency: number
  /** Called after each merge with the number of tokens; waits if it returns a promise. */
  pause(tokens: number): Promise<void> | undefined
}

/**
 * Learns BPE merges from word counts: repeatedly, the most frequent pair of adjacent tokens becomes a token.
 * The merges equal those of Hugging Face tokenizers 0.23 (models/bpe/trainer.rs): the same tie-breaking, a candidate's
 * count corrected only when it reaches the top of the queue, and merging only in the words in which the pair occurred
 * before it was queued. (So a pair can be merged twice, if two merges make the same token.)
 */
export async function learnMerges(
  counted: WordCounts,
  options: LearnOptions,
): Promise<{ tokens: string[]; merges: Int32Array }> {
  const { vocabSize, minFrequency, pause } = options
  const tokens = [...options.firstTokens]
  const ids = new Map(tokens.map((token, id) => [token, id]))
  const corpus = new MergingCorpus(counted, options.byteIds)
  let merges = new Int32Array(1 << 11)
  let count = 0

  while (tokens.length < vocabSize) {
    const pair = corpus.best(minFrequency)
    if (pair === undefined) break
    const token = tokens[pair.left] + tokens[pair.right]
    const id = ids.get(token) ?? tokens.length
    if (id === tokens.length) {
      tokens.push(token)
      ids.set(token, id)
    }
    merges = grown(merges, count + 2)
    merges[count++] = pair.left
    merges[count++] = pair.right
    corpus.merge(id)
    const wait = pause(tokens.length)
    if (wait !== undefined) await wait
  }
  return { tokens, merges: merges.slice(0, count) }
}

/** The words as token sequences, with the adjacent pairs, their counts, and the words they occur in. */
class MergingCorpus {
  private readonly counts: Float64Array // by word
  private readonly symbols: Int32Array // the words end to end; each shrinks in place
  private readonly starts: Float64Array // by word, in symbols
  private readonly lengths: Int32Array // by word
  private readonly pairs = new PairTable()
  private pairCounts = new Float64Array(1 << 11) // by pair
  private readonly queue = new MergeQueue(this.pairs)
  private pairWords = new Int32Array(0) // word indices; each entry of the queue has a range of it
  private pairWordsEnd = 0
  private readonly found: Occurrences

  constructor({ words, counts }: WordCounts, byteIds: Int32Array) {
    this.counts = counts
    this.symbols = new Int32Array(words.textLength)
    this.starts = new Float64Array(words.size)
    this.lengths = new Int32Array(words.size)
    this.found = new Occurrences()
    let end = 0
    for (let word = 0; word < words.size; word++) {
      this.starts[word] = end
      for (const byte of words.at(word)) this.symbols[end++] = byteIds[byte]
      this.lengths[word] = end - this.starts[word]
      for (let at = this.starts[word]; at + 1 < end; at++) this.occurs(this.symbols[at], this.symbols[at + 1], word)
    }
    this.enqueue()
  }

  /** The pair to merge next, or undefined when none is frequent enough. */
  best(minFrequency: number): { left: number; right: number } | undefined {
    while (this.queue.size > 0) {
      const { pair, count } = this.queue.first
      if (count !== this.pairCounts[pair]) this.queue.recountFirst(this.pairCounts[pair])
      else if (count < 1 || count < minFrequency) return undefined
      else return { left: this.pairs.lefts[pair], right: this.pairs.rights[pair] }
    }
    return undefined
  }

  /** Merges the pair that `best` returned into token `id`, in the words in which its candidate occurs. */
  merge(id: number): void {
    const { pair, start, end } = this.queue.first
    this.queue.removeFirst()
    const left = this.pairs.lefts[pair]
    const right = this.pairs.rights[pair]
    for (let at = start; at < end; at++) this.mergeInWord(this.pairWords[at], left, right, id)
    this.enqueue()
  }

  private mergeInWord(word: number, left: number, right: number, id: number): void {
    const { symbols } = this
    const count = this.counts[word]
    const start = this.starts[word]
    const end = start + this.lengths[word]
    let write = start
    for (let read = start; read < end; read++) {
      const symbol = symbols[read]
      if (symbol !== left || read + 1 === end || symbols[read + 1] !== right) {
        symbols[write++] = symbol
        continue
      }
      read++
      if (write > start) {
        this.pairCounts[this.pairOf(symbols[write - 1], left)] -= count
        this.occurs(symbols[write - 1], id, word)
      }
      if (read + 1 < end) {
        this.pairCounts[this.pairOf(right, symbols[read + 1])] -= count
        this.occurs(id, symbols[read + 1], word)
      }
      symbols[write++] = id
    }
    this.lengths[word] = write - start
  }

  private occurs(left: number, right: number, word: number): void {
    const pair = this.pairOf(left, right)
    this.pairCounts[pair] += this.counts[word]
    this.found.add(pair, word)
  }

  private pairOf(left: number, right: number): number {
    const pair = this.pairs.intern(left, right)
    if (pair >= this.pairCounts.length) this.pairCounts = grown(this.pairCounts, pair + 1)
    return pair
  }

  /** Queues the pairs that have occurred since the last call, each with its words. */
  private enqueue(): void {
    const { found } = this
    this.pairWords = grown(this.pairWords, this.pairWordsEnd + found.size)
    found.drain(this.pairWords, this.pairWordsEnd, (pair, start, end) => {
      if (this.pairCounts[pair] > 0) this.queue.push(pair, this.pairCounts[pair], start, end)
    })
    this.pairWordsEnd += found.size
    found.clear()
  }
}

/** The words in which each pair occurs, collected word by word and returned pair by pair. */
class Occurrences {
  size = 0
  private pairs = new Int32Array(1 << 11)
  private words = new Int32Array(1 << 11)
  private distinct = 0
  private seen = new Int32Array(1 << 11) // the distinct pairs
  private tally = new Int32Array(1 << 11) // by pair: its words, then where the next of them goes
  private lastWord = new Int32Array(1 << 11) // by pair

  add(pair: number, word: number): void {
    this.tally = grown(this.tally, pair + 1)
    this.lastWord = grown(this.lastWord, pair + 1)
    if (this.tally[pair] > 0 && this.lastWord[pair] === word) return
    this.lastWord[pair] = word
    const at = this.size++
    this.pairs = grown(this.pairs, this.size)
    this.words = grown(this.words, this.size)
    this.pairs[at] = pair
    this.words[at] = word
    if (this.tally[pair]++ === 0) {
      this.seen = grown(this.seen, this.distinct + 1)
      this.seen[this.distinct++] = pair
    }
  }

  /** Writes the words of each pair contiguously from into[start] on, and calls `take` with each pair's range. */
  drain(into: Int32Array, start: number, take: (pair: number, start: number, end: number) => void): void {
    const { tally } = this
    let next = start
    for (let at = 0; at < this.distinct; at++) {
      const pair = this.seen[at]
      const length = tally[pair]
      tally[pair] = next
      next += length
    }
    for (let at = 0; at < this.size; at++) into[tally[this.pairs[at]]++] = this.words[at]
    for (let at = 0, from = start; at < this.distinct; at++) {
      const pair = this.seen[at]
      take(pair, from, tally[pair])
      from = tally[pair]
    }
  }

  clear(): void {
    for (let at = 0; at < this.distinct; at++) this.tally[this.seen[at]] = 0
    this.distinct = 0
    this.size = 0
  }
}
