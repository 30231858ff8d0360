import { grown } from './grow.js'

/**
 * A set of pairs of token ids that numbers them 0, 1, 2, ... in order of insertion.
 * A tokenizer's merges are interned by rank, so there the number of a pair is its rank.
 */
export class PairTable {
  size = 0
  lefts = new Int32Array(1 << 11)
  rights = new Int32Array(1 << 11)
  private slots = new Int32Array(1 << 12) // number + 1; 0 is free

  /** The number of the pair, or -1 if it is not held. */
  find(left: number, right: number): number {
    const slots = this.slots
    const mask = slots.length - 1
    let slot = hashPair(left, right) & mask
    for (let held = slots[slot]; held !== 0; held = slots[(slot = (slot + 1) & mask)])
      if (this.lefts[held - 1] === left && this.rights[held - 1] === right) return held - 1
    return -1
  }

  /** The number of the pair; one not held before gets the number `size`. */
  intern(left: number, right: number): number {
    const slots = this.slots
    const mask = slots.length - 1
    let slot = hashPair(left, right) & mask
    for (let held = slots[slot]; held !== 0; held = slots[(slot = (slot + 1) & mask)])
      if (this.lefts[held - 1] === left && this.rights[held - 1] === right) return held - 1
    return this.add(left, right, slot)
  }

  private add(left: number, right: number, slot: number): number {
    const number = this.size++
    this.lefts = grown(this.lefts, this.size)
    this.rights = grown(this.rights, this.size)
    this.lefts[number] = left
    this.rights[number] = right
    this.slots[slot] = number + 1
    if (2 * this.size > this.slots.length) this.rehash()
    return number
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let number = 0; number < this.size; number++) {
      let slot = hashPair(this.lefts[number], this.rights[number]) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
    this.slots = slots
  }
}

function hashPair(left: number, right: number): number {
  const hash = Math.imul(left ^ Math.imul(right, 0x9e3779b1), 0x85ebca6b)
  return hash ^ (hash >>> 15)
}
