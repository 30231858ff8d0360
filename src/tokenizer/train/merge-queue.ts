import { grown } from '../tables/grow.js'
import type { PairTable } from '../tables/pair-table.js'

/** Children of a node: four make a flat heap whose nodes share cache lines. */
const FAN = 4

/**
 * Candidate merges: a pair, its count when it was queued, and the words it occurred in (a range of a list).
 * The first is the most frequent; of equals the one with the smaller left id, then the smaller right id.
 */
export class MergeQueue {
  size = 0
  private entries = 0
  private heap = new Int32Array(1 << 11) // of entries
  private pair = new Int32Array(1 << 11) // by entry
  private count = new Float64Array(1 << 11)
  private start = new Float64Array(1 << 11)
  private end = new Float64Array(1 << 11)

  constructor(private readonly pairs: PairTable) {}

  push(pair: number, count: number, start: number, end: number): void {
    const entry = this.entries++
    this.pair = grown(this.pair, this.entries)
    this.count = grown(this.count, this.entries)
    this.start = grown(this.start, this.entries)
    this.end = grown(this.end, this.entries)
    this.pair[entry] = pair
    this.count[entry] = count
    this.start[entry] = start
    this.end[entry] = end

    this.heap = grown(this.heap, ++this.size)
    const heap = this.heap
    let at = this.size - 1
    while (at > 0) {
      const parent = Math.floor((at - 1) / FAN)
      if (!this.precedes(entry, heap[parent])) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = entry
  }

  /** Pair, count and range of words of the first entry. */
  get first(): { pair: number; count: number; start: number; end: number } {
    const entry = this.heap[0]
    return { pair: this.pair[entry], count: this.count[entry], start: this.start[entry], end: this.end[entry] }
  }

  /** Changes the count of the first entry and restores the order. */
  recountFirst(count: number): void {
    const entry = this.heap[0]
    this.count[entry] = count
    this.settle(entry)
  }

  removeFirst(): void {
    if (--this.size > 0) this.settle(this.heap[this.size])
  }

  /** Sifts an entry down from the vacant root. */
  private settle(entry: number): void {
    const heap = this.heap
    let at = 0
    for (;;) {
      const firstChild = FAN * at + 1
      if (firstChild >= this.size) break
      let best = firstChild
      for (let child = firstChild + 1; child < Math.min(firstChild + FAN, this.size); child++)
        if (this.precedes(heap[child], heap[best])) best = child
      if (!this.precedes(heap[best], entry)) break
      heap[at] = heap[best]
      at = best
    }
    heap[at] = entry
  }

  private precedes(one: number, other: number): boolean {
    if (this.count[one] !== this.count[other]) return this.count[one] > this.count[other]
    const { lefts, rights } = this.pairs
    const a = this.pair[one]
    const b = this.pair[other]
    return lefts[a] !== lefts[b] ? lefts[a] < lefts[b] : rights[a] < rights[b]
  }
}
