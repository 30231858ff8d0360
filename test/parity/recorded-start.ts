/**
 * What recorded cases start from that were recorded without it. Variables are normal numbers of NumPy's RandomState
 * seeded with the crc32 of the name, with scales that make a lively model.
 */
import { crc32 } from 'node:zlib'

export function recordedStart(name: string, shape: readonly number[]): Float32Array {
  const state = new RandomState(crc32(name) & 0x7fffffff)
  const [offset, scale] = scaleOf(name, shape)
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => offset + scale * state.gauss())
}

/** The tokens that such cases train on: from 1 on, i32 [...shape] row-major, of NumPy's RandomState(seed).randint. */
export function recordedTokens(shape: readonly number[], vocabulary: number, seed: number): Int32Array {
  const state = new RandomState(seed)
  return Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1 + state.upTo(vocabulary - 2))
}

function scaleOf(name: string, shape: readonly number[]): [offset: number, scale: number] {
  if (name.endsWith('/g')) return [1, 0.1]
  if (/\/(b|o_b|bias)$/.test(name)) return [0, 0.1]
  if (name.endsWith('/wte')) return [0, 0.3]
  if (/wpe(_\d)?$/.test(name)) return [0, 0.2]
  const fanIn = shape.at(-2)!
  return [0, (name.endsWith('/q') ? 0.6 : /_gating\//.test(name) ? 1.5 : 1) * fanIn ** -0.5]
}

/** MT19937 and the polar method, as NumPy's legacy generator has them. */
class RandomState {
  private readonly words = new Uint32Array(624)
  private at = 624
  private spare: number | null = null

  constructor(seed: number) {
    this.words[0] = seed
    for (let i = 1; i < 624; i++)
      this.words[i] = Math.imul(1812433253, this.words[i - 1] ^ (this.words[i - 1] >>> 30)) + i
  }

  gauss(): number {
    if (this.spare !== null) {
      const value = this.spare
      this.spare = null
      return value
    }
    for (;;) {
      const [x, y] = [2 * this.double() - 1, 2 * this.double() - 1]
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      this.spare = factor * x
      return factor * y
    }
  }

  /** A whole number from 0 to `most`: words cut to its bits, until one is not larger. */
  upTo(most: number): number {
    const mask = 2 ** Math.ceil(Math.log2(most + 1)) - 1
    for (;;) {
      const word = (this.word() & mask) >>> 0
      if (word <= most) return word
    }
  }

  private double(): number {
    return ((this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6)) / 2 ** 53
  }

  private word(): number {
    const { words } = this
    if (this.at === 624) {
      for (let k = 0; k < 624; k++) {
        const y = (words[k] & 0x80000000) | (words[(k + 1) % 624] & 0x7fffffff)
        words[k] = words[(k + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
      }
      this.at = 0
    }
    let y = words[this.at++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
}
