/**
 * Python's random.seed(int) and random.shuffle, to reproduce orders that GPT-Neo drew. The generator is MT19937
 * (Matsumoto and Nishimura 1998), the rest follows CPython: Modules/_randommodule.c and Lib/random.py (_randbelow).
 */

const stateWords = 624
const shift = 397

/** A list as Python would have left it after `random.seed(seed); random.shuffle(list)`. The input stays as it is. */
export function pythonShuffle<T>(items: readonly T[], seed: number): T[] {
  const next = mersenneTwister(seed)
  const shuffled = [...items]
  for (let i = shuffled.length - 1; i > 0; i--) {
    const bits = 32 - Math.clz32(i + 1)
    let j = next() >>> (32 - bits)
    while (j > i) j = next() >>> (32 - bits)
    const moved = shuffled[i]
    shuffled[i] = shuffled[j]
    shuffled[j] = moved
  }
  return shuffled
}

/** Successive 32-bit outputs. `seed`: an integer; Python uses its absolute value. */
function mersenneTwister(seed: number): () => number {
  const state = seedByArray(wordsOf(Math.abs(seed)))
  let index = stateWords
  return () => {
    if (index === stateWords) {
      twist(state)
      index = 0
    }
    let y = state[index++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
}

/** Base 2^32 digits, the lowest first; zero has one. */
function wordsOf(value: number): number[] {
  const high = Math.floor(value / 2 ** 32)
  return high === 0 ? [value >>> 0] : [value % 2 ** 32, high]
}

/** init_by_array of the reference implementation. */
function seedByArray(key: readonly number[]): Uint32Array {
  const state = new Uint32Array(stateWords)
  state[0] = 19650218
  for (let i = 1; i < stateWords; i++) state[i] = Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1812433253) + i
  let i = 1
  const advance = () => {
    if (++i < stateWords) return
    state[0] = state[stateWords - 1]
    i = 1
  }
  const previous = () => state[i - 1] ^ (state[i - 1] >>> 30)
  for (let k = 0; k < stateWords; k++, advance()) {
    const j = k % key.length
    state[i] = (state[i] ^ Math.imul(previous(), 1664525)) + key[j] + j
  }
  for (let k = 1; k < stateWords; k++, advance()) state[i] = (state[i] ^ Math.imul(previous(), 1566083941)) - i
  state[0] = 0x80000000
  return state
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < stateWords; i++) {
    const y = (state[i] & 0x80000000) | (state[(i + 1) % stateWords] & 0x7fffffff)
    state[i] = state[(i + shift) % stateWords] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
  }
}
