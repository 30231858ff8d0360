import type { PairTable } from '../tables/pair-table.js'

/** Above this many symbols a heap is faster than rescanning for the best pair after each merge. */
const LONG = 48

/**
 * Merges the bytes of a word into tokens: always the pair of lowest rank, the leftmost of equals, until none is left.
 * Source: Sennrich et al. 2016 (arXiv:1508.07909); Hugging Face tokenizers models/bpe/word.rs for the order of equals.
 */
export class WordMerger {
  private readonly ranks = new Int32Array(LONG)

  /** @param pairs the merges, interned by rank  @param results the token that each rank's merge makes */
  constructor(
    private readonly pairs: PairTable,
    private readonly results: Int32Array,
  ) {}

  /** Merges symbols[0, length) in place; returns how many tokens are left. */
  merge(symbols: Int32Array, length: number): number {
    return length <= LONG ? this.mergeShort(symbols, length) : this.mergeLong(symbols, length)
  }

  private mergeShort(symbols: Int32Array, length: number): number {
    const { pairs, ranks, results } = this
    for (let at = 0; at + 1 < length; at++) ranks[at] = pairs.find(symbols[at], symbols[at + 1])
    while (length > 1) {
      let best = -1
      for (let at = 0; at + 1 < length; at++) if (ranks[at] >= 0 && (best < 0 || ranks[at] < ranks[best])) best = at
      if (best < 0) break
      symbols[best] = results[ranks[best]]
      symbols.copyWithin(best + 1, best + 2, length)
      ranks.copyWithin(best + 1, best + 2, length - 1)
      length--
      if (best > 0) ranks[best - 1] = pairs.find(symbols[best - 1], symbols[best])
      if (best + 1 < length) ranks[best] = pairs.find(symbols[best], symbols[best + 1])
    }
    return length
  }

  /** O(n log n) in the length of the word, which may be megabytes: a text without spaces is one word. */
  private mergeLong(symbols: Int32Array, length: number): number {
    const next = Int32Array.from({ length }, (_, at) => at + 1)
    const previous = Int32Array.from({ length }, (_, at) => at - 1)
    const queue = new PositionQueue(3 * length)
    const offer = (left: number, right: number) => {
      const rank = this.pairs.find(symbols[left], symbols[right])
      if (rank >= 0) queue.push(rank, left)
    }
    for (let at = 0; at + 1 < length; at++) offer(at, at + 1)

    while (queue.pop()) {
      const at = queue.position
      const right = next[at]
      // A neighbouring merge may have changed the pair since it was queued; the new pair is queued as well.
      if (symbols[at] < 0 || right >= length || this.pairs.find(symbols[at], symbols[right]) !== queue.rank) continue
      symbols[at] = this.results[queue.rank]
      symbols[right] = -1
      next[at] = next[right]
      if (next[at] < length) previous[next[at]] = at
      if (previous[at] >= 0) offer(previous[at], at)
      if (next[at] < length) offer(at, next[at])
    }

    let kept = 0
    for (let at = 0; at < length; at = next[at]) symbols[kept++] = symbols[at]
    return kept
  }
}

/** A binary heap of positions in a word: lowest rank first, then leftmost. */
class PositionQueue {
  rank = 0
  position = 0
  private size = 0
  private readonly keys: Float64Array // rank * 2^32 + position: exact below 2^53

  constructor(capacity: number) {
    this.keys = new Float64Array(capacity)
  }

  push(rank: number, position: number): void {
    const { keys } = this
    const key = rank * 2 ** 32 + position
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (keys[parent] <= key) break
      keys[at] = keys[parent]
      at = parent
    }
    keys[at] = key
  }

  /** Sets `rank` and `position` to those of the first entry and removes it; false if empty. */
  pop(): boolean {
    if (this.size === 0) return false
    const { keys } = this
    this.rank = Math.floor(keys[0] / 2 ** 32)
    this.position = keys[0] % 2 ** 32
    const last = keys[--this.size]
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.size) break
      if (child + 1 < this.size && keys[child + 1] < keys[child]) child++
      if (keys[child] >= last) break
      keys[at] = keys[child]
      at = child
    }
    keys[at] = last
    return true
  }
}
