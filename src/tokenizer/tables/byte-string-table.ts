import { grown } from './grow.js'

/**
 * A set of byte strings that numbers them 0, 1, 2, ... in order of insertion. Open addressing over typed arrays: about
 * 20 bytes of overhead per string, and no objects for the garbage collector.
 */
export class ByteStringTable {
  size = 0
  private slots = new Int32Array(1 << 12) // number + 1; 0 is free
  private hashes = new Int32Array(1 << 11)
  private starts = new Uint32Array(1 << 11) // starts[size] is the end of the last string
  private text = new Uint8Array(1 << 14)

  /** The number of the string bytes[start, end); a string not seen before gets the number `size` and is copied. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end)
    const mask = this.slots.length - 1
    let slot = hash & mask
    for (let held = this.slots[slot]; held !== 0; held = this.slots[(slot = (slot + 1) & mask)])
      if (this.hashes[held - 1] === hash && this.equals(held - 1, bytes, start, end)) return held - 1
    return this.add(hash, slot, bytes, start, end)
  }

  /** Bytes of text held. */
  get textLength(): number {
    return this.starts[this.size]
  }

  /** Length in bytes of string `number`. */
  lengthOf(number: number): number {
    return this.starts[number + 1] - this.starts[number]
  }

  /** String `number`, as a view that lasts until the next `intern`. */
  at(number: number): Uint8Array {
    return this.text.subarray(this.starts[number], this.starts[number + 1])
  }

  clear(): void {
    this.size = 0
    this.slots.fill(0)
  }

  private equals(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.starts[number]
    if (this.starts[number + 1] - at !== end - start) return false
    const text = this.text
    while (start < end) if (text[at++] !== bytes[start++]) return false
    return true
  }

  private add(hash: number, slot: number, bytes: Uint8Array, start: number, end: number): number {
    const number = this.size++
    this.starts = grown(this.starts, number + 2)
    this.hashes = grown(this.hashes, number + 1)
    const at = this.starts[number]
    const textEnd = at + end - start
    this.text = grown(this.text, textEnd)
    for (let to = at; to < textEnd;) this.text[to++] = bytes[start++]
    this.starts[number + 1] = textEnd
    this.hashes[number] = hash
    this.slots[slot] = number + 1
    if (2 * this.size > this.slots.length) this.rehash()
    return number
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let number = 0; number < this.size; number++) {
      let slot = this.hashes[number] & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
    this.slots = slots
  }
}

/** FNV-1a, with its high bits folded into the low ones that pick the slot. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193)
  return hash ^ (hash >>> 15)
}
