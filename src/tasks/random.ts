/** Random numbers of one example: a function of the words given, so that examples are made in any order. */
export interface Random {
  /** In [0, 1), of 32 bits. */
  uniform(): number
  /** An integer from 0 to below - 1. */
  integer(below: number): number
  pick<T>(from: readonly T[]): T
  /** `count` different integers from 0 to below - 1, in random order. */
  distinct(count: number, below: number): number[]
  /**
   * `count` different indices of weights, drawn one after the other with a probability in proportion to the weights that
   * are left. Source: Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir".
   */
  weighted(count: number, weights: readonly number[]): number[]
}

/**
 * A generator for the words. Source: sfc32 of PractRand (Doty-Humphrey), seeded with hashed words (the finalizer of
 * MurmurHash3).
 */
export function createRandom(...words: readonly number[]): Random {
  const [a, b, c] = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35].map((salt) => words.reduce(mixed, salt))
  const state = [a, b, c, 1]
  const next = (): number => {
    const sum = (state[0] + state[1] + state[3]) | 0
    state[3] = (state[3] + 1) | 0
    state[0] = state[1] ^ (state[1] >>> 9)
    state[1] = (state[2] + (state[2] << 3)) | 0
    state[2] = ((state[2] << 21) | (state[2] >>> 11)) + sum
    return sum >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  const uniform = () => next() / 2 ** 32
  const integer = (below: number) => Math.floor(uniform() * below)
  return {
    uniform,
    integer,
    pick: (from) => from[integer(from.length)],
    distinct(count, below) {
      // The first `count` steps of a Fisher-Yates shuffle; only moved values are stored.
      const moved = new Map<number, number>()
      return Array.from({ length: count }, (_, i) => {
        const j = i + integer(below - i)
        const value = moved.get(j) ?? j
        moved.set(j, moved.get(i) ?? i)
        return value
      })
    },
    weighted(count, weights) {
      const keyed = weights.map((weight, index) => ({ index, key: -Math.log(1 - uniform()) / weight }))
      return keyed
        .sort((x, y) => x.key - y.key)
        .slice(0, count)
        .map(({ index }) => index)
    },
  }
}

function mixed(hash: number, word: number): number {
  let h = hash ^ Math.imul(word, 0xcc9e2d51) ^ Math.imul(Math.floor(word / 2 ** 32), 0x1b873593)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
}
